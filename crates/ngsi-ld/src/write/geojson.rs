//! Entities as GeoJSON: Feature and FeatureCollection (clause 4.5.16, RFC 7946). Never computes a
//! geometry: it is an attribute's, or null.

use super::attribute::geo;
use super::{Embed, Selection, View};
use crate::entity::{Entity, Value};
use crate::iri::Iri;
use crate::json::{Emit, Json, write_json};

/// How to write GeoJSON.
#[derive(Debug, Clone, Copy)]
pub struct GeoView<'v> {
    /// How the properties are written.
    pub view: View<'v>,
    /// The GeoProperty that becomes the geometry (`geometryProperty`), expanded.
    pub geometry: &'v Iri,
    /// Which of its instances; the default instance if nothing is said.
    pub dataset_id: Option<&'v str>,
}

impl GeoView<'_> {
    /// One entity as a Feature.
    pub fn feature(&self, entity: &Entity, embed: Embed, out: &mut Vec<u8>) {
        let mut object = Emit::object(out);
        object.text("id", &entity.id);
        object.text("type", "Feature");
        match self.chosen(entity) {
            Some(Value::Geo(geometry)) => geo(geometry, object.member("geometry")),
            _ => write_json(object.member("geometry"), &Json::Null),
        }
        let mut properties = Emit::object(object.member("properties"));
        self.view.members(entity, &mut properties);
        properties.end();
        self.context(embed, &mut object);
        object.end();
    }

    /// Several entities as a FeatureCollection; the @context stands once.
    pub fn collection<'e>(
        &self,
        entities: impl IntoIterator<Item = &'e Entity>,
        embed: Embed,
        out: &mut Vec<u8>,
    ) {
        let selection = self.view.selection;
        self.each(entities.into_iter().map(|e| (e, selection)), embed, out);
    }

    /// The same, where not of each of them the same is shown.
    pub fn each<'e>(
        &self,
        entities: impl IntoIterator<Item = (&'e Entity, &'e Selection)>,
        embed: Embed,
        out: &mut Vec<u8>,
    ) {
        let mut object = Emit::object(out);
        object.text("type", "FeatureCollection");
        let mut features = Emit::array(object.member("features"));
        for (entity, selection) in entities {
            let view = View {
                selection,
                ..self.view
            };
            let one = GeoView { view, ..*self };
            one.feature(entity, Embed::Nothing, features.item());
        }
        features.end();
        self.context(embed, &mut object);
        object.end();
    }

    fn chosen<'e>(&self, entity: &'e Entity) -> Option<&'e Value> {
        entity
            .instance(self.geometry, self.dataset_id)
            .map(|a| &a.value)
    }

    fn context(&self, embed: Embed, object: &mut Emit<'_>) {
        if embed == Embed::Context {
            object.json("@context", self.view.context.body());
        }
    }
}
