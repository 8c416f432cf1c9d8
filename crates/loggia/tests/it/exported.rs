//! The export bundle as a requester's device writes it, with the log's receipt. Never opens one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::bundle::{manifest, sha256};
use crate::forged::clip;
use crate::opening::{Opened, Requester};

impl Requester<'_> {
    /// The bundle's files: clip, sealed records, keys, request, manifest and the log's receipt.
    pub fn export(&self, opened: &Opened) -> Vec<(String, Vec<u8>)> {
        let mut files: Vec<(String, Vec<u8>)> = opened
            .pieces
            .iter()
            .map(|(c, pieces)| {
                let clip = opened.clips.get(c).cloned().unwrap_or_else(|| clip(pieces));
                let alone = (opened.pieces.len() == 1).then(|| "clip.mp4".to_owned());
                (
                    alone.unwrap_or_else(|| format!("clip-cam-{:04}.mp4", c.0)),
                    clip,
                )
            })
            .collect();
        let keys = json!({ "v": 1, "spans": opened.shares });
        files.push(("sealed.lgr".to_owned(), opened.sealed.clone()));
        files.push(("keys.json".to_owned(), serde_json::to_vec(&keys).unwrap()));
        files.push(("request.json".to_owned(), self.json.clone().into_bytes()));
        files.extend(opened.more.clone());
        let (recipient, exhibit) = (opened.said("recipient"), opened.said("exhibit"));
        let manifest = manifest(&files, &recipient, &exhibit);
        let export = json!({
            "sha256": sha256(&manifest), "recipient": "District court", "exhibit": "E-1",
        });
        let mut receipt = self
            .city
            .post(&self.cookie, &self.path("/exports"), &export)
            .json();
        for (name, value) in [
            ("v", json!(2)),
            ("bundle", json!(sha256(&manifest))),
            ("request", json!(self.id)),
            ("recipient", json!(recipient)),
            ("exhibit", json!(exhibit)),
            ("recorder_keys", self.proven(&opened.recorders, &receipt)),
        ] {
            receipt[name] = value;
        }
        files.push(("manifest.json".to_owned(), manifest));
        files.push((
            "export.json".to_owned(),
            serde_json::to_vec(&receipt).unwrap(),
        ));
        files
    }

    /// Each recorder's key with the log entry that names it, proven under the receipt's checkpoint.
    fn proven(&self, recorders: &Value, receipt: &Value) -> Value {
        let note = receipt["checkpoint"].as_str().unwrap();
        let size = note.lines().nth(1).unwrap();
        let mut out = recorders.clone();
        for key in out.as_array_mut().unwrap() {
            let index = &key["entry_index"];
            let proof = format!("/api/v1/log/proof?index={index}&size={size}");
            let page = format!("/api/v1/log/entries?from={index}&limit=1");
            // The entry's bytes as they stand, not as a JSON library would write them again.
            let text = self.city.get("", &page).text();
            let (_, entry) = text.split_once("\"entry\":").unwrap();
            let entry = STANDARD.encode(entry.strip_suffix("}]}").unwrap());
            key["proof"] = self.city.get("", &proof).json()["proof"].clone();
            key["entry"] = json!(entry);
        }
        out
    }
}
