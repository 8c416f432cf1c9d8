//! An altered page of the city shows its reader one request and has the hash of another signed. All
//! signatures are true, so what is left is what the custodian's own machine shows. Never used
//! outside tests.

use loggia_model::{At, CameraId, Digest, LegalBasis, Purpose};
use loggia_sim::Dice;
use loggia_transparency::commit;

use super::classes::Stop;
use super::plot::{Plot, bytes};
use super::scene::{Scene, person};

/// The approver has signed the plot's request, and read another on the page; so has the custodian
/// on the city's pages. It differs in one thing; either the city shows the custodian's machine the
/// request as it is, or it shows what was read there too.
pub(super) fn shown_one_signed_another(plot: &mut Plot, scene: &Scene, dice: &mut Dice) -> Stop {
    let mut read = Plot::agreed(scene, dice);
    read.case_number = plot.case_number.clone();
    read.reason = plot.reason.clone();
    read.request = plot.request.clone();
    read.request.nonce = Digest(bytes(dice));
    let mut stop = Stop::Words;
    match dice.below(9) {
        0 => read.request.camera_spans[0].camera = CameraId(2),
        // The city may call its cameras what it likes.
        1 => {
            read.request.camera_spans[0].camera = CameraId(2);
            plot.labels = serde_json::json!([{ "id": 1, "label": "cam-0002" }]).to_string();
        }
        2 => {
            let by = 1_000_000 * i64::try_from(1 + dice.below(3_600)).unwrap();
            read.request.from = At(read.request.from.0 + by);
            read.request.to = At(read.request.to.0 + by);
        }
        3 => read.request.purpose = Purpose::AuditSample,
        4 => read.request.legal_basis = LegalBasis("led-47".to_owned()),
        5 => read.request.requester = person("r.heikkila"),
        6 => read.request.camera_spans[0].last.0 += 1 + dice.below(100),
        7 => {
            read.case_number = format!("5500/S/{}/26", dice.below(1_000_000));
            if dice.happens(500) {
                plot.case_number = read.case_number.clone();
                stop = Stop::Check("case");
            }
        }
        _ => {
            read.reason = format!("A child is missing; report {}.", dice.below(1_000_000));
            if dice.happens(500) {
                plot.reason = read.reason.clone();
                stop = Stop::Check("necessity");
            }
        }
    }
    read.request.case_commitment = commit(&read.case_salt, read.case_number.as_bytes());
    read.request.necessity = Some(loggia_policy::Request::necessity_hash(&read.reason));
    read.agree(scene);
    plot.read = Some(Box::new(read));
    stop
}
