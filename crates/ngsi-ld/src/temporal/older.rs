//! Evolutions as earlier versions of the specification have them (clause 4.3.6.8). Never changes
//! what is kept.

use std::borrow::Cow;

use super::{Aggregated, Series, TemporalEntity};
use crate::write::{Older, V1_3, V1_4, one_of_each};

impl Older<'_> {
    /// How an entity evolved, as of that version. Instances keep their `observedAt`: without its
    /// time an instance says nothing (clause 4.5.7).
    #[must_use]
    pub fn evolution<'e>(&self, entity: &'e TemporalEntity) -> Cow<'e, TemporalEntity> {
        let mut older = entity.clone();
        if self.version < V1_4 {
            older.scope = None;
        }
        if self.version < V1_3 {
            older.types = older.types.into_iter().take(1).collect();
            one_of_each(
                &mut older.attributes,
                |a, b| a.name == b.name,
                |s| s.dataset_id.is_none(),
            );
        }
        for series in &mut older.attributes {
            self.series(series);
        }
        match older == *entity {
            true => Cow::Borrowed(entity),
            false => Cow::Owned(older),
        }
    }

    fn series(&self, series: &mut Series) {
        if self.version < V1_3 {
            series.dataset_id = None;
        }
        for instance in &mut series.instances {
            let observed_at = instance.attribute.observed_at;
            self.attribute(&mut instance.attribute);
            instance.attribute.observed_at = observed_at;
            if let Some(gone) = &mut instance.gone {
                gone.kind = self.kind(gone.kind);
            }
        }
    }

    /// The same of aggregates; whether one of them was amended.
    pub fn aggregates(&self, all: &mut Vec<Aggregated>) -> bool {
        let before = all.len();
        if self.version < V1_3 {
            one_of_each(all, |a, b| a.name == b.name, |a| a.dataset_id.is_none());
        }
        let mut amended = all.len() < before;
        for one in all {
            let kind = self.kind(one.kind);
            amended |= kind != one.kind;
            one.kind = kind;
            if self.version < V1_3 {
                amended |= one.dataset_id.take().is_some();
            }
        }
        amended
    }
}
