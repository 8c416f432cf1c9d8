//! How entities are to be shown: parameters in, bytes out (clauses 6.3.7 to 6.3.12, 6.3.15). Never
//! decides which entities are found.

use std::borrow::Cow;
use std::sync::Arc;

use axum::response::Response;

use super::App;
use super::answer::{self, Amended, Failure};
use super::call::{Call, Flag};
use super::entity_maps::{self, Novelty, Wish};
use super::join::{Join, Place};
use super::media::{Geo, Media, of_answer};
use crate::context::{Context, Link};
use crate::entity::Entity;
use crate::error::Error;
use crate::iri::Iri;
use crate::lang::Languages;
use crate::linked::Gathered;
use crate::query::Projection;
use crate::write::{Embed, Form, GeoView, Linked, Older, Selection, SysAttrs, Version, View};

/// What was asked for.
#[derive(Debug)]
pub(super) struct Shown {
    pub media: Media,
    pub context: Arc<Context>,
    pub form: Form,
    pub sys_attrs: SysAttrs,
    pub selection: Selection,
    pub datasets: Option<Vec<Option<Box<str>>>>,
    pub languages: Option<Languages>,
    pub geometry: Iri,
    /// An entity that has none of these is not found (clauses 5.7.1.4 and 5.7.2.4).
    pub having: Option<Projection>,
    /// Linked entities beside it.
    pub join: Option<Join>,
    /// Whether a body has its @context within.
    pub embed: Embed,
    /// The version of the specification that is preferred, if one is.
    pub version: Option<Version>,
    /// The map that the answer goes by (clause 5.14).
    pub map: Option<Wish>,
}

/// Where the parameters stand.
pub(super) trait Asked {
    /// A parameter's value.
    fn text(&self, name: &'static str) -> Result<Option<String>, Failure>;
}

impl Asked for Call {
    fn text(&self, name: &'static str) -> Result<Option<String>, Failure> {
        Ok(self.param(name)?.map(str::to_owned))
    }
}

impl Shown {
    /// Out of a call's parameters, and of those in its body where it has some.
    pub(super) fn read(
        call: &Call,
        asked: &impl Asked,
        context: Arc<Context>,
        geo: Geo,
    ) -> Result<Self, Failure> {
        let media = of_answer(&call.headers, geo)?;
        let (form, sys_attrs) = form(call)?;
        let attrs = asked.text("attrs")?;
        let pick = asked.text("pick")?;
        let omit = asked.text("omit")?;
        if attrs.is_some() && (pick.is_some() || omit.is_some()) {
            let what = "attrs does not go together with pick and omit (clause 6.3.8)";
            return Err(Error::bad("attrs", what).into());
        }
        let having = match (&attrs, &pick) {
            (Some(text), _) => Some(Projection::attrs(text, &context)?),
            (None, Some(text)) => Some(Projection::pick(text, &context)?),
            (None, None) => None,
        };
        let omit = omit.map(|t| Projection::omit(&t, &context)).transpose()?;
        let join = Join::read(asked)?;
        let levels = join.as_ref().map_or(0, |j| j.levels);
        for (name, projection) in [("pick", &having), ("omit", &omit)] {
            if projection
                .as_ref()
                .is_some_and(|p| p.linked_depth() > levels)
            {
                let what = "it reaches further into linked entities than join and joinLevel \
                            (clause 5.7.2.4)";
                return Err(Error::bad(name, what).into());
            }
        }
        let selection = match &having {
            Some(p) if attrs.is_some() => Selection::attrs(p.names(), &context)?,
            _ => Selection::projected(having.as_ref(), omit.as_ref(), &context)?,
        };
        let geometry = asked.text("geometryProperty")?;
        if geometry.is_some() && media != Media::GeoJson {
            let what = "it goes with Accept: application/geo+json (clause 5.7.2.4)";
            return Err(Error::bad("geometryProperty", what).into());
        }
        let geometry = geometry.as_deref().unwrap_or("location");
        let geometry = context.expand_name(geometry);
        let embed = match media {
            Media::Json => Embed::Nothing,
            // Clause 6.3.6.
            Media::GeoJson if call.prefers("body") == Some("json") => Embed::Nothing,
            Media::JsonLd | Media::GeoJson => Embed::Context,
        };
        Ok(Self {
            media,
            form,
            sys_attrs,
            selection,
            datasets: asked.text("datasetId")?.map(|t| datasets(&t)).transpose()?,
            languages: asked.text("lang")?.map(|t| languages(&t)).transpose()?,
            geometry: geometry
                .ok_or_else(|| Error::bad("geometryProperty", "it is no attribute's name"))?,
            having,
            context,
            join,
            embed,
            version: call.version(),
            map: Wish::read(call, asked)?,
        })
    }

    pub(super) fn view(&self) -> View<'_> {
        View {
            context: &self.context,
            form: self.form,
            sys_attrs: self.sys_attrs,
            selection: &self.selection,
            datasets: self.datasets.as_deref(),
            languages: self.languages.as_ref(),
            linked: None,
        }
    }

    fn geo<'v>(&'v self, view: View<'v>) -> GeoView<'v> {
        GeoView {
            view,
            geometry: &self.geometry,
            dataset_id: self.datasets.as_ref().and_then(|d| d.first()?.as_deref()),
        }
    }

    /// One entity as an answer, with those that it leads to where they were asked for.
    pub(super) fn one(
        &self,
        app: &App,
        call: &Call,
        entity: &Arc<Entity>,
    ) -> Result<Response, Failure> {
        let answer = self.alone(app, call, entity)?;
        let Some(wish) = &self.map else {
            return Ok(answer);
        };
        // Table 6.5.3.1-3 has no 201 where table 6.4.3.2-3 has it.
        let map = match wish.known(app, call) {
            Some(map) => map,
            None => wish.made(app, &call.whose, vec![entity.id.clone()])?,
        };
        Ok(entity_maps::told(answer, &map, Novelty::Known))
    }

    fn alone(&self, app: &App, call: &Call, entity: &Arc<Entity>) -> Result<Response, Failure> {
        let (linked, amended) = self.linked(app, call, std::slice::from_ref(entity))?;
        if !linked.in_order.is_empty() && self.is_flat() {
            return self.list(app, call, std::slice::from_ref(entity), (&linked, amended));
        }
        let view = self.view_with(&linked);
        let entity = self.preferred(entity);
        let mut out = Vec::with_capacity(1_024);
        match self.media {
            Media::GeoJson => self.geo(view).feature(&entity, self.embed, &mut out),
            _ => view.entity(&entity, self.embed, &mut out),
        }
        self.answer(app, call, out, Amended::from(&entity).or(amended))
    }

    /// Several entities as an answer, and those that they lead to.
    pub(super) fn several(
        &self,
        app: &App,
        call: &Call,
        entities: &[Arc<Entity>],
    ) -> Result<Response, Failure> {
        let (linked, amended) = self.linked(app, call, entities)?;
        self.list(app, call, entities, (&linked, amended))
    }

    fn list(
        &self,
        app: &App,
        call: &Call,
        entities: &[Arc<Entity>],
        (linked, amended): (&Gathered<'_>, Amended),
    ) -> Result<Response, Failure> {
        let view = self.view_with(linked);
        let mut out = Vec::with_capacity(1_024 * entities.len());
        let preferred: Vec<_> = entities.iter().map(|e| self.preferred(e)).collect();
        let amended = preferred
            .iter()
            .map(Amended::from)
            .fold(amended, Amended::or);
        let own = preferred.iter().map(|e| (&**e, &self.selection));
        let behind = linked.in_order.iter().filter(|_| self.is_flat());
        let all = own.chain(behind.map(|(e, selection)| (&**e, *selection)));
        match self.media {
            Media::GeoJson => self.geo(view).each(all, self.embed, &mut out),
            _ => view.each(all, self.embed, &mut out),
        }
        self.answer(app, call, out, amended)
    }

    fn is_flat(&self) -> bool {
        self.join.as_ref().is_some_and(|j| j.place == Place::Flat)
    }

    fn linked(
        &self,
        app: &App,
        call: &Call,
        entities: &[Arc<Entity>],
    ) -> Result<(Gathered<'_>, Amended), Failure> {
        let Some(join) = &self.join else {
            return Ok((Gathered::default(), Amended::No));
        };
        let mut linked = join.gather(&app.broker, &call.whose, entities, &self.selection)?;
        let mut amended = Amended::No;
        let older = self.older();
        for entity in linked.each_mut() {
            let other = older.as_ref().map(|o| o.entity(entity));
            let Some(Cow::Owned(other)) = other else {
                continue;
            };
            *entity = Arc::new(other);
            amended = Amended::Yes;
        }
        Ok((linked, amended))
    }

    fn view_with<'v>(&'v self, linked: &'v Gathered<'_>) -> View<'v> {
        let inline = self.join.as_ref().filter(|j| j.place == Place::Inline);
        View {
            linked: inline.map(|j| Linked::new(&linked.by_id, j.levels)),
            ..self.view()
        }
    }

    /// An entity as of the version that is preferred (clause 6.3.6).
    fn preferred<'e>(&self, entity: &'e Entity) -> Cow<'e, Entity> {
        match self.older().map(|older| older.entity(entity)) {
            // What is not shown need not be amended.
            Some(Cow::Owned(older)) if self.selection.differ(entity, &older) => Cow::Owned(older),
            _ => Cow::Borrowed(entity),
        }
    }

    fn older(&self) -> Option<Older<'_>> {
        self.version.map(|version| Older {
            version,
            context: &self.context,
            languages: self.languages.as_ref(),
        })
    }

    fn answer(
        &self,
        app: &App,
        call: &Call,
        out: Vec<u8>,
        amended: Amended,
    ) -> Result<Response, Failure> {
        let answer = app.answer_as(call, (self.media, self.embed), &self.context, out)?;
        Ok(answer::in_version(answer, self.version, amended))
    }
}

impl App {
    /// A body with its @context where the representation has it.
    pub(super) fn answer(
        &self,
        call: &Call,
        media: Media,
        context: &Context,
        out: Vec<u8>,
    ) -> Result<Response, Failure> {
        let embed = match media {
            Media::JsonLd => Embed::Context,
            Media::Json | Media::GeoJson => Embed::Nothing,
        };
        self.answer_as(call, (media, embed), context, out)
    }

    fn answer_as(
        &self,
        call: &Call,
        (media, embed): (Media, Embed),
        context: &Context,
        out: Vec<u8>,
    ) -> Result<Response, Failure> {
        let url: Option<Box<str>> = match (embed, context.link()) {
            (Embed::Context, _) => None,
            (Embed::Nothing, Link::Url(url)) => Some(url.into()),
            (Embed::Nothing, Link::Hosted) => {
                let base = call.base();
                Some(self.broker.implicit_context(context.body(), &base)?)
            }
        };
        let answer = answer::body(media, out, url.as_deref());
        // What is no entity is the same in all versions, and answered as ours.
        let version = call.version().map(|_| Version::NEWEST);
        Ok(answer::in_version(answer, version, Amended::No))
    }
}

/// `options` and `format` (clauses 6.3.7 and 6.3.11).
fn form(call: &Call) -> Result<(Form, SysAttrs), Failure> {
    let mut form = None;
    let mut sys_attrs = SysAttrs::Hide;
    for word in call.options()? {
        let one = match word {
            "sysAttrs" => {
                sys_attrs = SysAttrs::Show;
                continue;
            }
            word => form_of("options", word)?,
        };
        if form.replace(one).is_some_and(|before| before != one) {
            return Err(Error::bad("options", "one representation at most").into());
        }
    }
    // Where both are there, `format` counts (table 6.3.7-1).
    if let Some(word) = call.param("format")? {
        form = Some(form_of("format", word)?);
    }
    if call.flag("sysAttrs")? == Flag::Set {
        sys_attrs = SysAttrs::Show;
    }
    Ok((form.unwrap_or(Form::Normalized), sys_attrs))
}

fn form_of(parameter: &'static str, word: &str) -> Result<Form, Failure> {
    match word {
        "normalized" => Ok(Form::Normalized),
        "concise" => Ok(Form::Concise),
        "keyValues" | "simplified" => Ok(Form::Simplified),
        other => {
            let what = format!("`{other}` is no representation");
            Err(Error::bad(parameter, what).into())
        }
    }
}

/// `datasetId`: URIs, and `@none` for the default instance.
pub(super) fn datasets(text: &str) -> Result<Vec<Option<Box<str>>>, Failure> {
    let one = |id: &str| match id {
        "@none" => Ok(None),
        id if crate::is_uri(id) => Ok(Some(id.into())),
        _ => Err(Error::bad("datasetId", "URIs, or @none").into()),
    };
    text.split(',').map(one).collect()
}

fn languages(text: &str) -> Result<Languages, Failure> {
    Languages::read(text).ok_or_else(|| Error::bad("lang", "language tags (RFC 5646)").into())
}
