//! A camera as the public sees it: what the city declares, word for word.
//! Never holds an address, a user or anything else that would help to reach the camera itself.

use std::sync::Arc;

use loggia_model::{CameraId, Fault, LegalBasis};
use serde::Serialize;
use utoipa::ToSchema;

/// A declared camera. `shield` keeps the declarations; the wiring hands them over in this form.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Declared {
    /// Number in the inventory.
    #[schema(value_type = u32)]
    pub id: CameraId,
    /// Name on the map.
    pub label: String,
    /// Where it stands, in words.
    pub place: String,
    /// Latitude, degrees north (WGS 84).
    pub lat: f64,
    /// Longitude, degrees east (WGS 84).
    pub lon: f64,
    /// Where it looks, degrees clockwise from north; none for all around.
    pub heading_deg: Option<f64>,
    /// What it is for.
    pub purpose: String,
    /// On which ground, by identifier in the city's list.
    #[schema(value_type = String)]
    pub legal_basis: LegalBasis,
    /// Which office answers for it.
    pub accountable: String,
    /// Hours after which its footage must be unreadable.
    pub retention_h: u32,
    /// What is counted from its picture; empty where nothing is.
    pub analysed: Vec<String>,
    /// How many openings of its footage have been published; none while the places of openings are
    /// not published (the log holds commitments to them).
    pub openings: Option<u64>,
    /// Maker.
    pub make: String,
    /// Model.
    pub model: String,
    /// Where it was made and by whom, as declared.
    pub origin: String,
    /// `h264` or `h265`; none until it has been seen.
    pub codec: Option<String>,
    /// Whether its footage plays in a browser without export; none until it has been seen.
    pub plays_in_browser: Option<bool>,
}

/// Where the declarations come from. Contract: answers what is declared now, in any order, reads no
/// network, and takes milliseconds; it is called off the async threads.
pub type Source = Arc<dyn Fn() -> Result<Vec<Declared>, Fault> + Send + Sync>;
