//! Bar charts as SVG, drawn by attributes alone so that the strict CSP stands; beside each a table.
//! Never a figure that is not in its table.

use maud::{Markup, html};

use crate::words::{Tongue, figures as w};

/// One bar.
pub(super) struct Bar {
    pub name: String,
    pub count: u64,
}

/// Bars over the same scale, from zero.
pub(super) fn bars(t: &Tongue, bars: &[Bar]) -> Markup {
    let most = bars.iter().map(|b| b.count).max().unwrap_or(0).max(1);
    html! {
        div.bars role="img" aria-label=(t.say(w::CHART)) {
            @for bar in bars {
                span { (bar.name) }
                svg width="100%" height="16" aria-hidden="true" focusable="false" {
                    rect.rail width="100%" height="16" {}
                    // In thousandths of the width: counts may be larger than what a float holds.
                    @let part = bar.count.saturating_mul(1_000) / most;
                    rect.bar width={ (part / 10) "." (part % 10) "%" } height="16" {}
                }
                span.num { (t.number(bar.count)) }
            }
        }
    }
}
