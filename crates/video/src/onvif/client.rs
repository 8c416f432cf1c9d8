//! Calls a camera's ONVIF services over HTTP. Connects to the pinned address only: no proxy, no
//! redirect, no host that the camera names. Blocks: call it off the async threads.

use core::time::Duration;

use loggia_model::{At, Clock};
use loggia_shield::{Admitted, Credentials, Pinned, Probe, Scheme};
use serde::Serialize;
use utoipa::ToSchema;

use super::ask::{Call, envelope, username_token};
use super::message::{
    DeviceInformation, Profile, Services, parse_device_information, parse_fault,
    parse_mask_capability, parse_masks, parse_profiles, parse_services, parse_stream_uri,
    parse_system_time,
};
use super::xml::XML_BYTES_MAX;
use crate::Error;

/// Longest wait for one answer.
const CALL_TIME_MAX: Duration = Duration::from_secs(5);

/// A camera's ONVIF services.
pub struct Client<'a> {
    address: Pinned,
    credentials: &'a Credentials,
    agent: ureq::Agent,
    clock: &'a dyn Clock,
    /// The camera's clock minus ours: tokens are stamped with the camera's time, else a camera
    /// whose clock is wrong refuses the right password.
    offset_us: i64,
    /// The leave that every call is made under, if it is one that expires.
    probe: Option<&'a Probe>,
}

impl core::fmt::Debug for Client<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Client({})", self.address)
    }
}

/// All that was learnt of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Device {
    /// Who made it.
    pub information: DeviceInformation,
    /// Its profiles with their stream addresses, pinned.
    pub profiles: Vec<(Profile, Option<String>)>,
    /// Privacy masks: all, and those that are on; none if it cannot say (no Media2).
    pub masks: Option<(usize, usize)>,
    /// Its clock minus ours, microseconds.
    pub clock_offset_us: i64,
}

/// Profiles with their streams, and masks: all and those that are on.
type Media = (Vec<(Profile, Option<String>)>, Option<(usize, usize)>);

impl<'a> Client<'a> {
    /// For an enrolled camera that has an ONVIF address.
    #[must_use]
    pub fn admitted(camera: &'a Admitted, clock: &'a dyn Clock) -> Option<Self> {
        Some(Self::new(
            camera.onvif()?.clone(),
            camera.credentials(),
            clock,
        ))
    }

    /// For a probed device.
    ///
    /// # Errors
    /// [`Error::Shield`] when the probe has expired.
    pub fn probed(probe: &'a Probe, clock: &'a dyn Clock) -> Result<Self, Error> {
        let mut client = Self::new(probe.address(clock)?.clone(), probe.credentials(), clock);
        client.probe = Some(probe);
        Ok(client)
    }

    fn new(address: Pinned, credentials: &'a Credentials, clock: &'a dyn Clock) -> Self {
        let config = ureq::Agent::config_builder()
            .proxy(None)
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_global(Some(CALL_TIME_MAX))
            .user_agent("Loggia")
            .build();
        Self {
            address,
            credentials,
            agent: config.new_agent(),
            clock,
            offset_us: 0,
            probe: None,
        }
    }

    /// Asks everything that `check` needs.
    ///
    /// # Errors
    /// [`Error::Unreachable`], [`Error::WrongPassword`], [`Error::Onvif`].
    pub fn look(&mut self) -> Result<Device, Error> {
        self.set_clock()?;
        let device = self.address.clone();
        let information = parse_device_information(&self.ask(&device, Call::DeviceInformation)?)?;
        let (profiles, masks) = self.media(&self.services()?)?;
        Ok(Device {
            information,
            profiles,
            masks,
            clock_offset_us: self.offset_us,
        })
    }

    /// The one call that needs no password (ONVIF Core 5.12.1).
    fn set_clock(&mut self) -> Result<(), Error> {
        let device = self.address.clone();
        let theirs = parse_system_time(&self.call(&device, Call::SystemTime, false)?)?;
        self.offset_us = theirs.0.saturating_sub(self.clock.now().0);
        Ok(())
    }

    fn services(&self) -> Result<Services, Error> {
        let device = &self.address;
        match self
            .ask(device, Call::Services)
            .and_then(|x| parse_services(&x))
        {
            Err(Error::Onvif(_)) => parse_services(&self.ask(device, Call::Capabilities)?),
            other => other,
        }
    }

    /// How many privacy masks are on over the picture of the stream `rtsp_url`, asked of Media2.
    ///
    /// # Errors
    /// [`Error::Onvif`] when the device cannot say; [`Error::Unreachable`],
    /// [`Error::WrongPassword`], [`Error::Shield`] when it could not be asked.
    pub fn masks_on(&mut self, rtsp_url: &str) -> Result<usize, Error> {
        self.set_clock()?;
        let services = self.services()?;
        let Some(at) = &services.media2 else {
            return Err(cannot("it has no ONVIF Media2 service"));
        };
        let at = self.address.with_path_of(at)?;
        let profiles = parse_profiles(&self.ask(&at, Call::Profiles2)?)?;
        let source = match sources(&profiles).as_slice() {
            [] => None,
            [one] => Some((*one).to_owned()),
            _ => Some(self.source_of(&at, &profiles, rtsp_url)?),
        };
        Ok(self.masks(&at, source.as_deref())?.1)
    }

    /// Which video source configuration the stream of this address shows.
    fn source_of(
        &self,
        at: &Pinned,
        profiles: &[Profile],
        rtsp_url: &str,
    ) -> Result<String, Error> {
        let wanted = Pinned::parse(rtsp_url, Scheme::Rtsp)?;
        let wanted = (wanted.url().path(), wanted.url().query());
        for profile in profiles {
            let said = match self.ask(at, Call::StreamUri2(&profile.token)) {
                Ok(xml) => parse_stream_uri(&xml),
                Err(Error::Onvif(_)) => continue,
                Err(e) => return Err(e),
            };
            let said = said.ok().and_then(|u| url::Url::parse(&u).ok());
            if said.is_some_and(|u| (u.path(), u.query()) == wanted)
                && let Some(source) = &profile.source
            {
                return Ok(source.clone());
            }
        }
        Err(cannot(
            "it has several video sources and names none for this stream address",
        ))
    }

    /// Masks of a video source configuration, or all: how many there are and how many are on.
    fn masks(&self, at: &Pinned, source: Option<&str>) -> Result<(usize, usize), Error> {
        // A device without masks may answer with an empty list: that would say more than it knows.
        let can = self
            .ask(at, Call::Capabilities2)
            .and_then(|x| parse_mask_capability(&x));
        match can {
            Ok(Some(false)) => return Err(cannot("its Media2 service knows no privacy masks")),
            Ok(_) | Err(Error::Onvif(_)) => {}
            Err(e) => return Err(e),
        }
        parse_masks(&self.ask(at, Call::Masks(source))?)
    }

    fn media(&self, services: &Services) -> Result<Media, Error> {
        let (at, second) = match (&services.media2, &services.media) {
            (Some(at), _) => (self.address.with_path_of(at)?, true),
            (None, Some(at)) => (self.address.with_path_of(at)?, false),
            (None, None) => return Err(cannot("it has no media service")),
        };
        let call = if second {
            Call::Profiles2
        } else {
            Call::Profiles1
        };
        let profiles = parse_profiles(&self.ask(&at, call)?)?;
        let masks = if second {
            self.least_masked(&at, &profiles)?
        } else {
            None
        };
        let found = profiles.into_iter().map(|profile| {
            let token = profile.token.clone();
            let call = if second {
                Call::StreamUri2(&token)
            } else {
                Call::StreamUri1(&token)
            };
            let uri = self.ask(&at, call).and_then(|x| parse_stream_uri(&x)).ok();
            let pinned = uri.and_then(|u| self.pin_stream(&u));
            (profile, pinned)
        });
        Ok((found.collect(), masks))
    }

    /// Masks of the video source with the fewest that are on; none if the device cannot say.
    fn least_masked(
        &self,
        at: &Pinned,
        profiles: &[Profile],
    ) -> Result<Option<(usize, usize)>, Error> {
        let mut asked = sources(profiles).into_iter().map(Some).collect::<Vec<_>>();
        if asked.is_empty() {
            asked.push(None);
        }
        let mut least: Option<(usize, usize)> = None;
        for source in asked {
            match self.masks(at, source) {
                Ok(found) if least.is_none_or(|l| found.1 < l.1) => least = Some(found),
                Ok(_) => {}
                Err(Error::Onvif(_)) => return Ok(None),
                Err(e) => return Err(e),
            }
        }
        Ok(least)
    }

    /// The stream's address on the camera's own IP, whatever host it names.
    fn pin_stream(&self, said: &str) -> Option<String> {
        let said = url::Url::parse(said).ok()?;
        let mut pinned = url::Url::parse("rtsp://0.0.0.0/").ok()?;
        pinned
            .set_host(Some(&self.address.socket().ip().to_string()))
            .ok()?;
        pinned.set_port(said.port()).ok()?;
        pinned.set_path(said.path());
        pinned.set_query(said.query());
        (said.scheme() == "rtsp").then(|| pinned.to_string())
    }

    fn ask(&self, at: &Pinned, call: Call<'_>) -> Result<String, Error> {
        self.call(at, call, true)
    }

    fn call(&self, at: &Pinned, call: Call<'_>, signed: bool) -> Result<String, Error> {
        if let Some(probe) = self.probe {
            probe.socket(self.clock)?;
        }
        let mut header = String::new();
        if signed && !self.credentials.username().is_empty() {
            let mut nonce = [0; 16];
            aws_lc_rs::rand::fill(&mut nonce)
                .map_err(|_| Error::Onvif("the machine gives no randomness".to_owned()))?;
            let now = At(self.clock.now().0.saturating_add(self.offset_us));
            header = username_token(
                self.credentials.username(),
                self.credentials.password(),
                &nonce,
                now,
            );
        }
        let answer = self
            .agent
            .post(at.url().as_str())
            .header("Content-Type", "application/soap+xml; charset=utf-8")
            .send(envelope(&header, &call.body()))
            .map_err(unreachable)?;
        let status = answer.status().as_u16();
        let limit = u64::try_from(XML_BYTES_MAX).unwrap_or(u64::MAX);
        let text = answer
            .into_body()
            .into_with_config()
            .limit(limit)
            .read_to_string();
        let text = text.map_err(unreachable)?;
        if matches!(status, 401 | 403) || parse_fault(&text).is_some_and(|(_, refused)| refused) {
            return Err(Error::WrongPassword);
        }
        if (200..300).contains(&status) || parse_fault(&text).is_some() {
            return Ok(text);
        }
        Err(Error::Onvif(format!("HTTP status {status}")))
    }
}

/// The video source configurations of these profiles, each once.
fn sources(profiles: &[Profile]) -> Vec<&str> {
    let mut sources: Vec<&str> = Vec::new();
    for source in profiles.iter().filter_map(|p| p.source.as_deref()) {
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    sources
}

fn cannot(why: &str) -> Error {
    Error::Onvif(why.to_owned())
}

fn unreachable(e: ureq::Error) -> Error {
    Error::Unreachable(e.to_string())
}
