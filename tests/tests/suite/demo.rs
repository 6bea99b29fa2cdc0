//! What the demo starts ends with it.

use std::process::Command;

use atalaya_tests::{Demo, eventually, skipped};

#[tokio::test]
async fn the_encoders_of_the_demo_end_with_it() {
    if Command::new("ffmpeg").arg("-version").output().is_err() {
        return skipped("ffmpeg is not installed");
    }
    for signal in ["TERM", "INT", "KILL"] {
        let mut demo = Demo::start();
        eventually("an encoder for each camera", async || {
            (demo.at_work().len() == 2).then_some(())
        })
        .await;
        demo.end(signal);
        eventually(&format!("the encoders to end after {signal}"), async || {
            demo.at_work().is_empty().then_some(())
        })
        .await;
    }
}
