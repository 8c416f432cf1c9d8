//! People, roster, cases, requests, decisions, releases, holds and retention: from case to facts to
//! decision to permit; the two-person rule. Never decrypts footage and never opens a share.

mod access;
mod activation;
mod alerts;
mod anchors;
mod aside;
mod become_demo;
mod break_glass;
mod cases;
mod clock;
mod complaint;
mod decide;
mod disclosure;
mod door;
mod duty;
mod error;
mod export;
mod filing;
mod handing_on;
mod hold;
mod http;
mod in_force;
mod inbox;
mod line;
mod log_key;
mod oidc;
mod passkey;
mod people;
mod permit;
mod policy;
mod reference;
mod release;
mod request;
mod residents;
mod retention;
mod roster;
mod roster_book;
mod rows;
mod rules;
mod standing;
mod statement;
mod subject;
mod time_stamp;
mod told_of_asks;
mod unexplained;
mod view;
mod wire;

pub use access::{AccessAct, AccessLine, Looks};
pub use activation::{Agreement, ProposedPolicy};
pub use alerts::{
    Alert, AlertStage, ESCALATE, ESCALATE_DANGER, GatewayHealth, Gateways, Login, Mail, MailTls,
    Pace, Webhook,
};
pub use become_demo::{DEMO_MARKER, DemoMode};
pub use break_glass::{
    BREAK_GLASS, GLASS_OPEN, GLASS_WAIT, GlassAct, GlassHalf, GlassOpening, READ_EVERY,
    USES as GLASS_USES,
};
pub use cases::{CASES_PER_DAY_MAX, Case};
pub use complaint::{COMPLAINTS_PER_DAY_MAX, COMPLAINTS_WAITING_MAX, ResidentComplaint};
pub use decide::{
    Ask, Basis, Decision, Facts, LIVE_MAX_S, Party, Reason, Standing, State, deciding_body,
    filing_rule, sentence,
};
pub use disclosure::{
    ASKS_WAITING_MAX as DISCLOSURE_ASKS_WAITING_MAX, AskReason, AskState, AskView, AskWhat,
    DISCLOSURE_ASK_CONTEXT, DisclosureAsk, DisclosureDetails, DisclosureView, Published,
};
pub use door::{DESK_CONTEXT, DeskCall, REPLAYS_REMEMBERED};
pub use duty::{OnDuty, RANK_MAX, TURNS_MAX, Watch};
pub use error::Error;
pub use export::{EXPORTS_PER_DAY_MAX, ExportProof, Exported};
pub use filing::{Asked, Cover, REQUESTS_PER_DAY_MAX, REQUESTS_WAITING_MAX};
pub use handing_on::{HANDED_MAX, HandedOn, HandedShare, KeptPage, KeptShare};
pub use hold::{HOLD_LONGEST, Hold, HoldAsk, HoldState};
pub use http::{OpenApi, routes};
pub use in_force::{ActivatedAs, PolicyNow, Promised};
pub use inbox::{FiledInCase, ResidentAsk};
pub use log_key::{
    LOG_KEY_CONTEXT, LOG_KEY_SECRET, LogKeyStatement, LogKeys, NEXT_LOG_KEY_SECRET, SignedLogKey,
};
pub use oidc::id_token;
pub use oidc::{Begun, CALLBACK, LOGIN_WITHIN, NotIn, Provider, ProviderPlan, Returned};
pub use passkey::{
    ASSERTION, CoseKey, PASSKEYS_MAX, Passkey, Touched, asserted, challenge, is_assertion,
};
pub use people::{Began, PASSWORD_CHARS_MIN, SESSION_IDLE, SESSION_LONGEST, SignedIn};
pub use permit::{Decided, Live, Open, Permit};
pub use policy::{Parts, Policy};
pub use release::DeskShare;
pub use request::{CameraSpans, Request};
pub use residents::{
    ANSWER_DISPUTED, ANSWER_WITHIN, ANSWERED_KEPT, ASK_FROZEN, ASKED_BYTES_MAX,
    ASKED_BYTES_PER_DAY_MAX, ASKS_PER_DAY_MAX, ASKS_WAITING_MAX,
};
pub use retention::{Retention, Tick};
pub use roster::{Member, Roster, RosterSignature, SignedRoster, VerifiedRoster};
pub use rules::{DisclosureRules, ListedBasis, Rules};
pub use statement::{Act, FRESH, SignedStatement, Stated, Statement};
pub use subject::{SubjectReceipt, SubjectState, SubjectView};
pub use time_stamp::answers as time_stamp_answers;
pub use unexplained::{LateKeys, OpenCase, Unexplained};
pub use view::{ApprovalView, RequestView, SpanState};
