//! How histories are to be shown: parameters in, bytes out. Never decides which instances are.

use std::borrow::Cow;
use std::sync::Arc;

use axum::response::Response;

use crate::context::Context;
use crate::error::Error;
use crate::http::App;
use crate::http::answer::{self, Amended, Failure};
use crate::http::call::{Call, Flag};
use crate::http::entity_maps::Wish;
use crate::http::media::{Geo, Media, of_answer};
use crate::http::view::{Asked, datasets};
use crate::lang::Languages;
use crate::query::Projection;
use crate::temporal::{
    Aggregated, Aggregation, TemporalEntity, TemporalForm, TemporalView, Window,
};
use crate::write::{Embed, Form, Older, SysAttrs, Version};

/// What was asked for.
#[derive(Debug)]
pub(super) struct Shown {
    pub media: Media,
    pub context: Arc<Context>,
    pub members: crate::temporal::Shown,
    pub datasets: Option<Vec<Option<Box<str>>>>,
    /// What is to be computed, where aggregates are wanted.
    pub aggregation: Option<Aggregation>,
    /// An entity that has none of these in the window is not found (clause 5.7.4.4).
    pub having: Option<Projection>,
    /// The map that the answer goes by (clause 5.14).
    pub map: Option<Wish>,
    form: TemporalForm,
    sys_attrs: SysAttrs,
    languages: Option<Languages>,
    /// The version of the specification that is preferred, if one is.
    version: Option<Version>,
}

/// Words of `options` that are not about the representation, or about another operation's.
const KNOWN: [&str; 8] = [
    "normalized",
    "concise",
    "temporalValues",
    "simplified",
    "keyValues",
    "aggregatedValues",
    "sysAttrs",
    "count",
];

impl Shown {
    pub(super) fn read(
        call: &Call,
        asked: &impl Asked,
        context: Arc<Context>,
    ) -> Result<Self, Failure> {
        let media = of_answer(&call.headers, Geo::Not)?;
        if let Some(word) = call.options()?.iter().find(|w| !KNOWN.contains(w)) {
            let what = format!("`{word}` is no representation");
            return Err(Error::bad("options", what).into());
        }
        let form = form(call, asked)?;
        let shows = call.option("sysAttrs")? == Flag::Set || call.flag("sysAttrs")? == Flag::Set;
        let attrs = asked.text("attrs")?;
        let attrs = attrs.map(|t| Projection::attrs(&t, &context)).transpose()?;
        let pick = asked.text("pick")?;
        let pick = pick.map(|t| Projection::pick(&t, &context)).transpose()?;
        let omit = asked.text("omit")?;
        let omit = omit.map(|t| Projection::omit(&t, &context)).transpose()?;
        let members =
            crate::temporal::Shown::of(attrs.as_ref(), pick.as_ref(), omit.as_ref(), &context)?;
        let aggregation = match form {
            TemporalForm::Aggregated => Some(Aggregation::read(
                asked.text("aggrMethods")?.as_deref(),
                asked.text("aggrPeriodDuration")?.as_deref(),
            )?),
            _ => None,
        };
        let languages = asked.text("lang")?.map(|text| {
            Languages::read(&text)
                .ok_or_else(|| Failure::from(Error::bad("lang", "language tags (RFC 5646)")))
        });
        Ok(Self {
            media,
            members,
            datasets: asked.text("datasetId")?.map(|t| datasets(&t)).transpose()?,
            aggregation,
            having: attrs.or(pick),
            map: Wish::read(call, asked)?,
            form,
            sys_attrs: if shows {
                SysAttrs::Show
            } else {
                SysAttrs::Hide
            },
            languages: languages.transpose()?,
            version: call.version(),
            context,
        })
    }

    fn view(&self, window: Window) -> TemporalView<'_> {
        TemporalView {
            context: &self.context,
            shown: &self.members,
            sys_attrs: self.sys_attrs,
            languages: self.languages.as_ref(),
            window,
        }
    }

    const fn embed(&self) -> Embed {
        match self.media {
            Media::Json => Embed::Nothing,
            Media::JsonLd | Media::GeoJson => Embed::Context,
        }
    }

    fn older(&self) -> Option<Older<'_>> {
        self.version.map(|version| Older {
            version,
            context: &self.context,
            languages: self.languages.as_ref(),
        })
    }

    fn preferred<'e>(&self, entity: &'e TemporalEntity) -> Cow<'e, TemporalEntity> {
        match self.older() {
            Some(older) => older.evolution(entity),
            None => Cow::Borrowed(entity),
        }
    }

    /// Writes an entity with its instances.
    pub(super) fn entity(
        &self,
        entity: &TemporalEntity,
        window: Window,
        out: &mut Vec<u8>,
    ) -> Amended {
        let (view, embed) = (self.view(window), self.embed());
        let entity = self.preferred(entity);
        match self.form {
            TemporalForm::Values => view.values(&entity, embed, out),
            TemporalForm::Concise => view.instances(&entity, Form::Concise, embed, out),
            TemporalForm::Normalized | TemporalForm::Aggregated => {
                view.instances(&entity, Form::Normalized, embed, out);
            }
        }
        Amended::from(&entity)
    }

    /// Writes an entity with its aggregates.
    pub(super) fn aggregates(
        &self,
        entity: &TemporalEntity,
        mut aggregates: Vec<Aggregated>,
        window: Window,
        out: &mut Vec<u8>,
    ) -> Amended {
        let amended = match self.older() {
            Some(older) if older.aggregates(&mut aggregates) => Amended::Yes,
            _ => Amended::No,
        };
        let entity = self.preferred(entity);
        let view = self.view(window);
        view.aggregates(&entity, &aggregates, self.embed(), out);
        Amended::from(&entity).or(amended)
    }

    /// An answer of what was written.
    pub(super) fn answer(
        &self,
        app: &App,
        call: &Call,
        out: Vec<u8>,
        amended: Amended,
    ) -> Result<Response, Failure> {
        let answer = app.answer(call, self.media, &self.context, out)?;
        Ok(answer::in_version(answer, self.version, amended))
    }
}

/// The representation that was asked for by name; aggregates also by their methods alone.
fn form(call: &Call, asked: &impl Asked) -> Result<TemporalForm, Failure> {
    let (format, options) = (call.param("format")?, call.param("options")?);
    let form = TemporalForm::read(format, options)?;
    let methods = asked.text("aggrMethods")?.is_some();
    Ok(match form {
        TemporalForm::Normalized if methods => TemporalForm::Aggregated,
        form => form,
    })
}
