//! What is declared of a camera's privacy masks, held against what the camera says of itself.
//! Never opens a socket: whoever asks the camera is handed in, and gets a probe that expires.

use loggia_model::Clock;

use crate::decl::Addresses;
use crate::{CameraDecl, Error, Mask, MaskCheck, Probe};

/// What a camera answers when it is asked for its privacy masks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MaskAnswer {
    /// So many masks are on over the picture that is recorded.
    On(usize),
    /// It cannot say, and why.
    CannotSay(String),
    /// It could not be asked: what a technician is to look at.
    Failed(String),
}

/// Asks the device behind the probe whether it masks the stream of this address. May block for as
/// long as the probe lives.
pub type AskMasks<'a> = dyn Fn(&Probe, &str) -> MaskAnswer + Send + Sync + 'a;

/// Asks the camera and holds its answer against the declaration; gives who confirmed it.
pub(crate) fn confirmed(
    decl: &CameraDecl,
    at: &Addresses,
    ask: &AskMasks<'_>,
    clock: &dyn Clock,
) -> Result<MaskCheck, Error> {
    let answer = match &at.onvif {
        None => MaskAnswer::CannotSay("no `onvif_url` is declared".to_owned()),
        Some(onvif) => {
            let probe = Probe::new(onvif.clone(), &decl.username, &decl.password, clock);
            ask(&probe, &decl.rtsp_url)
        }
    };
    let camera = at.rtsp.socket().ip();
    let refused = match (decl.mask, answer) {
        (Mask::Absent, MaskAnswer::On(0)) => return Ok(MaskCheck::Camera),
        (Mask::Present, MaskAnswer::On(on)) if on > 0 => return Ok(MaskCheck::Camera),
        (Mask::Present, MaskAnswer::On(_)) => format!(
            "privacy masks are declared, but the camera at {camera} says that none is on: set them \
             in the camera and switch them on, then enrol it again; if nothing in view needs one, \
             declare mask = \"absent\""
        ),
        (Mask::Absent, MaskAnswer::On(on)) => format!(
            "no privacy mask is declared, but the camera at {camera} says that {on} are on: \
             declare mask = \"present\""
        ),
        (_, MaskAnswer::CannotSay(why)) => {
            if decl.seen_by(MaskCheck::Person).is_some() {
                return Ok(MaskCheck::Person);
            }
            format!(
                "the camera at {camera} cannot say whether privacy masks are on ({why}): look at \
                 its picture, declare what you see as `mask`, and who looked as `mask_seen_by`"
            )
        }
        (_, MaskAnswer::Failed(what)) => {
            format!("the camera at {camera} could not be asked for its privacy masks: {what}")
        }
    };
    Err(Error::Masks(refused))
}
