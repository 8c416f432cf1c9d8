//! Pairs of value and time (clause 4.5.9). Never writes a pair whose value could be taken for
//! another kind's: each kind has its own member.

use super::{TemporalView, list, null, scopes};
use crate::entity::{Kind, Value};
use crate::json::{Emit, write_json, write_string};
use crate::temporal::{Instance, SCOPE, Series};
use crate::write::Form;

/// The pairs that stand together: same datasetId, same kind.
struct Run<'s> {
    kind: Kind,
    series: &'s Series,
    instances: &'s [Instance],
}

impl TemporalView<'_> {
    /// The series of one attribute: one object, or an array of one for each datasetId and kind.
    pub(super) fn simplified(&self, series: &[&Series], out: &mut Vec<u8>) {
        let mut runs = Vec::new();
        for one in series {
            for chunk in one
                .instances
                .chunk_by(|a, b| self.shown_kind(a) == self.shown_kind(b))
            {
                runs.extend(chunk.first().map(|first| Run {
                    kind: self.shown_kind(first),
                    series: one,
                    instances: chunk,
                }));
            }
        }
        if runs.is_empty() {
            // Everything of it is on another page. What kind it is is not known here.
            runs.extend(series.iter().map(|one| Run {
                kind: Kind::Property,
                series: one,
                instances: &[],
            }));
        }
        list(&runs, out, |run, out| self.run(run, out));
    }

    fn run(&self, run: &Run<'_>, out: &mut Vec<u8>) {
        let mut object = Emit::object(out);
        object.text("type", run.kind.name());
        if let Some(id) = &run.series.dataset_id {
            object.text("datasetId", id);
        }
        let mut pairs = Emit::array(object.member(plural(run.kind)));
        for instance in run.instances {
            let mut pair = Emit::array(pairs.item());
            self.pair_value(instance, pair.item());
            if let Some(at) = self.window.time(instance) {
                write_string(pair.item(), &at.to_string());
            }
            pair.end();
        }
        pairs.end();
        object.end();
    }

    /// The kind that an instance shows itself as: a language map that is reduced to one text is a
    /// Property (clause 4.15).
    fn shown_kind(&self, instance: &Instance) -> Kind {
        match (instance.gone, instance.attribute.kind()) {
            (Some(gone), _) => gone.kind,
            (None, Kind::LanguageProperty) if self.languages.is_some() => Kind::Property,
            (None, kind) => kind,
        }
    }

    fn pair_value(&self, instance: &Instance, out: &mut Vec<u8>) {
        let attribute = &instance.attribute;
        if &*attribute.name == SCOPE {
            return scopes(instance, out);
        }
        if let Some(gone) = instance.gone {
            return wrapped(gone.kind, out, |out| write_json(out, &null(gone.kind)));
        }
        match &attribute.value {
            // Bare lists here, while the simplified form elsewhere names them.
            Value::List(items) => {
                let mut array = Emit::array(out);
                for item in items {
                    write_json(array.item(), item);
                }
                array.end();
            }
            Value::ListRelationship(objects) => {
                let mut array = Emit::array(out);
                for object in objects {
                    write_string(array.item(), object);
                }
                array.end();
            }
            _ => self.inner(Form::Simplified).attribute(&[attribute], out),
        }
    }
}

/// Some kinds have their value in an object with the member's name.
fn wrapped(kind: Kind, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    match kind {
        Kind::LanguageProperty | Kind::VocabProperty | Kind::JsonProperty => {
            let mut object = Emit::object(out);
            write(object.member(kind.holder().1));
            object.end();
        }
        _ => write(out),
    }
}

/// The member that holds the pairs.
const fn plural(kind: Kind) -> &'static str {
    match kind {
        Kind::Property | Kind::GeoProperty => "values",
        Kind::Relationship => "objects",
        Kind::LanguageProperty => "languageMaps",
        Kind::VocabProperty => "vocabs",
        Kind::JsonProperty => "jsons",
        Kind::ListProperty => "valueLists",
        Kind::ListRelationship => "objectLists",
    }
}
