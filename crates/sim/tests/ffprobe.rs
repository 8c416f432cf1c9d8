//! A third client (ffmpeg's) reads the streams, where it is installed; says so where it is not.
//! Never judges more than codec, size and that frames come.

#![expect(clippy::unwrap_used, reason = "a test's own steps fail the test")]

#[expect(dead_code, reason = "each test file uses its own part of the client")]
mod client;

use std::process::Stdio;

use client::fixture;
use loggia_sim::CameraConfig;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(
    clippy::print_stderr,
    reason = "what is left out must be seen in the test's output"
)]
async fn ffprobe_reads_both_codecs_over_both_transports() {
    if std::process::Command::new("ffprobe")
        .arg("-version")
        .output()
        .is_err()
    {
        eprintln!("ffprobe is not installed: this cross-check was left out");
        return;
    }
    let wanted = [
        ("baseline.h264", "h264,160,96"),
        ("main.h265", "hevc,160,96"),
    ];
    let mut cameras = Vec::new();
    for (film, _) in wanted {
        let mut camera = CameraConfig::new(&film[..4], fixture(film));
        camera.credentials = Some(client::account());
        cameras.push(camera);
    }
    let city = client::city(cameras, |_| {}).await;
    for (film, found) in wanted {
        for transport in ["tcp", "udp"] {
            let url = format!(
                "rtsp://admin:correct%20horse@{}/cam/{}",
                city.rtsp_addr(),
                &film[..4]
            );
            let mut probe = tokio::process::Command::new("ffprobe");
            probe.args([
                "-v",
                "error",
                "-rtsp_transport",
                transport,
                "-select_streams",
                "v",
            ]);
            probe.args(["-read_intervals", "%+#10", "-count_packets"]);
            probe.args([
                "-show_entries",
                "stream=codec_name,width,height,nb_read_packets",
            ]);
            probe
                .args(["-of", "csv=p=0", &url])
                .stdin(Stdio::null())
                .kill_on_drop(true);
            let output = tokio::time::timeout(client::PATIENCE, probe.output());
            let output = output.await.expect("ffprobe ends").unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(
                text.trim(),
                format!("{found},10"),
                "{film} {transport}: {complaint}"
            );
        }
    }
    city.stop().await;
}
