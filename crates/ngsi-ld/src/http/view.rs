//! How entities are to be shown: parameters in, bytes out (clauses 6.3.7 to 6.3.12, 6.3.15). Never
//! decides which entities are found.

use std::sync::Arc;

use axum::response::Response;

use super::App;
use super::answer::{self, Failure};
use super::call::{Call, Flag};
use super::media::{Geo, Media, of_answer};
use crate::context::{Context, Link};
use crate::entity::Entity;
use crate::error::Error;
use crate::iri::Iri;
use crate::lang::Languages;
use crate::query::Projection;
use crate::write::{Embed, Form, GeoView, Selection, SysAttrs, View};

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
        let mut selection = match &having {
            Some(p) if attrs.is_some() => Selection::attrs(p.names(), &context)?,
            Some(p) => Selection::pick(p.names(), &context)?,
            None => Selection::ALL,
        };
        if let Some(text) = &omit {
            let omit = Projection::omit(text, &context)?;
            selection = selection.omit(omit.names(), &context)?;
        }
        let geometry = asked.text("geometryProperty")?;
        let geometry = geometry.as_deref().unwrap_or("location");
        let geometry = context.expand_name(geometry);
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
        }
    }

    fn embed(&self) -> Embed {
        match self.media {
            Media::Json => Embed::Nothing,
            Media::JsonLd | Media::GeoJson => Embed::Context,
        }
    }

    fn geo(&self) -> GeoView<'_> {
        GeoView {
            view: self.view(),
            geometry: &self.geometry,
            dataset_id: self.datasets.as_ref().and_then(|d| d.first()?.as_deref()),
        }
    }

    /// One entity as an answer.
    pub(super) fn one(&self, app: &App, call: &Call, entity: &Entity) -> Result<Response, Failure> {
        let mut out = Vec::with_capacity(1_024);
        match self.media {
            Media::GeoJson => self.geo().feature(entity, self.embed(), &mut out),
            _ => self.view().entity(entity, self.embed(), &mut out),
        }
        self.answer(app, call, out)
    }

    /// Several entities as an answer.
    pub(super) fn several(
        &self,
        app: &App,
        call: &Call,
        entities: &[Arc<Entity>],
    ) -> Result<Response, Failure> {
        let mut out = Vec::with_capacity(1_024 * entities.len());
        let all = entities.iter().map(|e| &**e);
        match self.media {
            Media::GeoJson => self.geo().collection(all, self.embed(), &mut out),
            _ => self.view().entities(all, self.embed(), &mut out),
        }
        self.answer(app, call, out)
    }

    fn answer(&self, app: &App, call: &Call, out: Vec<u8>) -> Result<Response, Failure> {
        app.answer(call, self.media, &self.context, out)
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
        if media == Media::JsonLd {
            return Ok(answer::body(media, out, None));
        }
        let url = match context.link() {
            Link::Url(url) => url.into(),
            Link::Hosted => self.broker.implicit_context(context.body(), &call.base())?,
        };
        Ok(answer::body(media, out, Some(&url)))
    }
}

/// `options` and `format` (clauses 6.3.7 and 6.3.11).
fn form(call: &Call) -> Result<(Form, SysAttrs), Failure> {
    let mut form = None;
    let mut sys_attrs = SysAttrs::Hide;
    let format = call.param("format")?;
    for word in call.options()?.into_iter().chain(format) {
        let one = match word {
            "normalized" => Form::Normalized,
            "concise" => Form::Concise,
            "keyValues" | "simplified" => Form::Simplified,
            "sysAttrs" if format != Some("sysAttrs") => {
                sys_attrs = SysAttrs::Show;
                continue;
            }
            other => {
                let what = format!("`{other}` is no representation");
                return Err(Error::bad("options", what).into());
            }
        };
        if form.replace(one).is_some_and(|before| before != one) {
            return Err(Error::bad("options", "one representation at most").into());
        }
    }
    if call.flag("sysAttrs")? == Flag::Set {
        sys_attrs = SysAttrs::Show;
    }
    Ok((form.unwrap_or(Form::Normalized), sys_attrs))
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

impl Call {
    /// This broker's own address as the caller knows it.
    pub(super) fn base(&self) -> String {
        let host = self.headers.get(axum::http::header::HOST);
        let host = host.and_then(|v| v.to_str().ok()).unwrap_or("localhost");
        let forwarded = self
            .headers
            .get("x-forwarded-proto")
            .and_then(|v| v.to_str().ok());
        let scheme = if forwarded == Some("https") {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{host}")
    }
}
