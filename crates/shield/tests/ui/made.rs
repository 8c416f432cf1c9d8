//! An admission cannot be written down.
use loggia_shield::Admitted;

fn main() {
    let _ = Admitted { camera: loggia_model::CameraId(1) };
}
