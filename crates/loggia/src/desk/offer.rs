//! What a desk's holder can say about a subject now: nothing else is signed, whoever asks this
//! port. Never takes roles from the city; they are the verified roster's.

use anyhow::bail;
use loggia_model::{Body, Purpose, Role};
use loggia_policy::{Act, Hold, HoldState, Member, RequestView, State};

/// About a request. A custodian may release again while the opening lasts, in place of what their
/// group released before; a live view takes no custodian.
pub(super) fn of_request(view: &RequestView, me: Option<&Member>) -> &'static [Act] {
    let Some(me) = me.filter(|m| m.body != Body::City) else {
        return &[];
    };
    match view.state {
        State::Asked if me.roles.contains(&Role::Approver) && me.body != view.body => {
            &[Act::Approve, Act::Refuse]
        }
        State::Approved | State::Released | State::Open | State::Exported
            if me.roles.contains(&Role::Custodian)
                && view.case.purpose != Purpose::IncidentLive =>
        {
            &[Act::Release]
        }
        _ => &[],
    }
}

/// About a hold.
pub(super) fn of_hold(hold: &Hold, me: Option<&Member>) -> &'static [Act] {
    let able = |m: &&Member| {
        m.body != Body::City
            && (m.roles.contains(&Role::Approver) || m.roles.contains(&Role::Custodian))
    };
    match (hold.state, me.filter(able)) {
        (HoldState::Asked, Some(me)) if !hold.agreed.contains(&me.body) => &[Act::Hold],
        (HoldState::Held, Some(me)) if !hold.ending.contains(&me.body) => &[Act::EndHold],
        _ => &[],
    }
}

/// # Errors
/// When the act is not among those that are offered: then nothing is signed.
pub(super) fn require(act: Act, offered: &[Act]) -> anyhow::Result<()> {
    if !offered.contains(&act) {
        bail!(
            "not done: `{}` is nothing that you can say about this now",
            act.word()
        );
    }
    Ok(())
}
