//! The cameras are found and name themselves over ONVIF, and guard what they say with a password.
//! Never leaves loopback.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail the test")]

#[expect(dead_code, reason = "each test file uses its own part of the client")]
mod client;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use client::{City, fixture};
use loggia_sim::{CameraConfig, CameraFault, Discovery, Enabled, Mask};
use quick_xml::Reader;
use quick_xml::events::Event;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

async fn city() -> City {
    let mut camera = CameraConfig::new("0001", fixture("main.h265"));
    camera.sub = Some(fixture("small.h264"));
    camera.credentials = Some(client::account());
    camera.device.make = "Ha & Co <Oy>".into();
    camera.clock_offset_us = 3_600_000_000;
    let corners = vec![(-1.0, 1.0), (-0.5, 1.0), (-0.5, 0.5)];
    camera.masks = vec![Mask {
        token: "m1".into(),
        corners,
        enabled: Enabled::Yes,
    }];
    let open = CameraConfig::new("0002", fixture("baseline.h264"));
    client::city(vec![camera, open], |c| {
        c.onvif = Some(LOOPBACK);
        c.discovery = Discovery::Unicast(LOOPBACK);
    })
    .await
}

fn token(password: &str) -> String {
    let (nonce, created) = (b"0123456789abcdef", "2026-11-23T12:00:00Z");
    let all = [nonce.as_slice(), created.as_bytes(), password.as_bytes()].concat();
    let proof = BASE64.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &all));
    format!(
        "<Security><UsernameToken><Username>admin</Username><Password>{proof}</Password>\
         <Nonce>{}</Nonce><Created>{created}</Created></UsernameToken></Security>",
        BASE64.encode(nonce)
    )
}

async fn call(url: &str, header: &str, body: &str) -> (u16, String) {
    let (host, path) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let xml = format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Header>{header}\
         </s:Header><s:Body>{body}</s:Body></s:Envelope>"
    );
    let mut tcp = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}",
        xml.len()
    );
    tcp.write_all(format!("{head}\r\n\r\n{xml}").as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.unwrap();
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        return (0, String::new());
    };
    (
        head.split(' ').nth(1).unwrap().parse().unwrap(),
        body.to_owned(),
    )
}

/// Local names and their texts, and attributes, of well-formed XML.
fn texts(xml: &str) -> Vec<(String, String)> {
    let mut reader = Reader::from_str(xml);
    let (mut path, mut out) = (Vec::<String>::new(), Vec::<(String, String)>::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(e) => {
                path.push(e.local_name().as_ref().to_owned());
                for a in e.attributes() {
                    let a = a.unwrap();
                    out.push((a.key.as_ref().to_owned(), a.value.to_string()));
                }
                out.push((path.last().unwrap().clone(), String::new()));
            }
            Event::Text(t) => {
                if let (Some(_), Some(last)) = (path.last(), out.last_mut()) {
                    last.1.push_str(&t);
                }
            }
            Event::GeneralRef(r) => {
                let meant = quick_xml::escape::unescape(&format!("&{};", &*r))
                    .unwrap()
                    .into_owned();
                out.last_mut().unwrap().1.push_str(&meant);
            }
            Event::End(_) => {
                path.pop();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(path.is_empty());
    out
}

fn text<'a>(all: &'a [(String, String)], name: &str) -> &'a str {
    all.iter()
        .find(|(n, _)| n == name)
        .map_or("", |(_, t)| t.trim())
}

fn every<'a>(all: &'a [(String, String)], name: &str) -> Vec<&'a str> {
    all.iter()
        .filter(|(n, _)| n == name)
        .map(|(_, t)| t.trim())
        .collect()
}

#[tokio::test]
async fn a_camera_names_itself_its_profiles_addresses_and_masks() {
    let city = city().await;
    let device = city.cameras()[0].onvif_url.clone().unwrap();
    let good = token("correct horse");
    let (status, xml) = call(&device, &good, "<GetDeviceInformation/>").await;
    let all = texts(&xml);
    assert_eq!((status, text(&all, "Manufacturer")), (200, "Ha & Co <Oy>"));
    assert_eq!(text(&all, "Model"), "Simulated camera");

    let all = texts(&call(&device, &good, "<GetServices/>").await.1);
    let services = every(&all, "XAddr");
    let (media, media2) = (services[1], services[2]);
    let all = texts(&call(media2, &good, "<GetProfiles/>").await.1);
    assert_eq!(every(&all, "Encoding"), ["H265", "H264"]);
    assert_eq!(
        (every(&all, "Width"), every(&all, "Height")),
        (vec!["160", "128"], vec!["96", "80"])
    );
    assert_eq!(every(&all, "FrameRateLimit"), ["25", "25"]);

    let uri = "<GetStreamUri><ProfileToken>sub</ProfileToken></GetStreamUri>";
    for service in [media, media2] {
        let all = texts(&call(service, &good, uri).await.1);
        assert_eq!(
            text(&all, "Uri"),
            city.cameras()[0].sub_url.clone().unwrap()
        );
    }
    let none = "<GetStreamUri><ProfileToken>x</ProfileToken></GetStreamUri>";
    assert_eq!(call(media2, &good, none).await.0, 400);

    let all = texts(&call(media2, &good, "<GetMasks/>").await.1);
    assert_eq!((text(&all, "Enabled"), text(&all, "token")), ("true", "m1"));
    let of = |what: &str| format!("<GetMasks>{what}</GetMasks>");
    for (asked, found) in [
        ("<ConfigurationToken>vs</ConfigurationToken>", 1),
        ("<Token>m1</Token>", 1),
        ("<Token>m2</Token>", 0),
    ] {
        let (status, xml) = call(media2, &good, &of(asked)).await;
        assert_eq!(
            (status, every(&texts(&xml), "Enabled").len()),
            (200, found),
            "{asked}"
        );
    }
    let elsewhere = of("<ConfigurationToken>x</ConfigurationToken>");
    assert_eq!(call(media2, &good, &elsewhere).await.0, 400);
    city.stop().await;
}

#[tokio::test]
async fn the_time_is_told_to_everybody_and_all_else_to_who_knows_the_password() {
    let city = city().await;
    let device = city.cameras()[0].onvif_url.clone().unwrap();
    let (status, xml) = call(&device, "", "<GetSystemDateAndTime/>").await;
    let all = texts(&xml);
    // The tests' clock stands at noon; this camera is an hour fast.
    assert_eq!(
        (status, text(&all, "Hour"), text(&all, "Year")),
        (200, "13", "2026")
    );
    for header in [String::new(), token("wrong")] {
        let (status, xml) = call(&device, &header, "<GetDeviceInformation/>").await;
        assert_eq!(status, 401);
        assert!(every(&texts(&xml), "Value").contains(&"ter:NotAuthorized"));
    }
    city.set_fault("0001", CameraFault::WrongCredentials)
        .unwrap();
    let refused = call(&device, &token("correct horse"), "<GetDeviceInformation/>").await;
    assert_eq!(refused.0, 401);
    let open = city.cameras()[1].onvif_url.clone().unwrap();
    assert_eq!(call(&open, "", "<GetDeviceInformation/>").await.0, 200);
    city.set_fault("0002", CameraFault::Reboot).unwrap();
    assert_eq!(call(&open, "", "<GetDeviceInformation/>").await.0, 0);
    city.stop().await;
}

#[tokio::test]
async fn every_camera_answers_a_probe_with_its_own_address() {
    let city = city().await;
    let socket = UdpSocket::bind(LOOPBACK).await.unwrap();
    let probe = "<e:Envelope xmlns:e='x'><e:Header><MessageID>uuid:1&amp;2</MessageID></e:Header>\
                 <e:Body><Probe><Types>dn:NetworkVideoTransmitter</Types></Probe></e:Body>\
                 </e:Envelope>";
    let at = city.discovery_addr().unwrap();
    socket.send_to(b"no XML at all", at).await.unwrap();
    socket.send_to(probe.as_bytes(), at).await.unwrap();
    let mut found = Vec::new();
    let mut buffer = [0; 8_192];
    for _ in 0..2 {
        let got = tokio::time::timeout(Duration::from_secs(30), socket.recv(&mut buffer));
        let length = got.await.unwrap().unwrap();
        let xml = String::from_utf8(buffer[..length].to_vec()).unwrap();
        let all = texts(&xml);
        assert_eq!(text(&all, "RelatesTo"), "uuid:1&2");
        assert!(text(&all, "Scopes").contains("onvif://www.onvif.org/hardware/Simulated%20camera"));
        found.push(text(&all, "XAddrs").to_owned());
    }
    found.sort();
    let told = city.cameras().into_iter().map(|c| c.onvif_url.unwrap());
    assert_eq!(found, told.collect::<Vec<_>>());
    city.stop().await;
}

#[tokio::test]
async fn discovery_without_onvif_is_a_mistake_that_is_named() {
    let cameras = vec![CameraConfig::new("1", fixture("small.h264"))];
    let clock = Arc::new(loggia_model::ManualClock::default());
    let mut config = loggia_sim::SimConfig::new(1, clock, cameras);
    config.discovery = Discovery::Unicast(LOOPBACK);
    let error = loggia_sim::SimCity::start(config).await.unwrap_err();
    assert!(error.to_string().contains("ONVIF"), "{error}");
}
