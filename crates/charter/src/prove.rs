//! The proof that an access policy keeps the charter, for every request that the schema allows:
//! each clause becomes a question to the solver, whose only acceptable answer is "there is none".
//! Proves the policy, never the code that gathers the facts (docs/design/charter.md).

use core::time::Duration;
use std::str::FromStr;
use std::thread;

use cedar_policy::{Effect, EntityUid, Policy, PolicySet, RequestEnv};
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy, CompiledPolicySet, Env};

use crate::articles::{Article, articles, in_order};
use crate::example::Example;
use crate::statute::with_sources;
use crate::texts::{ACTIONS_SHA256, sha256};
use crate::transcript::{Checked, Outcome, Transcript};
use crate::{Error, Solver, Statute};

/// Longest proof: some 200 questions of 50 ms each take 10 s.
pub const PROOF_TIME: Duration = Duration::from_secs(120);
/// The compiler recurses over each policy's expression.
const STACK_BYTES: usize = 16 * 1024 * 1024;
/// Most examples that are kept: who mends the policy mends one after another.
const EXAMPLES_MAX: usize = 16;

/// What the solver found.
#[derive(Debug, Clone)]
pub struct Proof {
    /// Each check, what was checked, and with what.
    pub transcript: Transcript,
    /// One for each check that is refuted, as far as it can be shown; empty when all is proved.
    pub examples: Vec<Example>,
}

impl Proof {
    /// Whether the charter holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.transcript.proved()
    }
}

/// Proves the charter, or refutes it with examples. Takes seconds; call it on a thread that may
/// wait.
///
/// # Errors
/// [`Error::Text`] when the charter does not read, [`Error::Solver`] when there is no answer (which
/// is no proof).
pub fn prove(statute: &Statute, solver: &Solver) -> Result<Proof, Error> {
    let run = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Error::Solver(e.to_string()))?
            .block_on(async {
                tokio::time::timeout(PROOF_TIME, Prover::run(statute, solver))
                    .await
                    .map_err(|_| Error::Solver("the proof took too long".into()))?
            })
    };
    thread::scope(|s| {
        thread::Builder::new()
            .name("prover".into())
            .stack_size(STACK_BYTES)
            .spawn_scoped(s, run)
            .map_err(|e| Error::Solver(e.to_string()))?
            .join()
            .map_err(|_| Error::Solver("the prover stopped".into()))?
    })
}

struct Prover<'a> {
    statute: &'a Statute,
    compiler: CedarSymCompiler<LocalSolver>,
    proof: Proof,
}

fn solver_error(e: impl std::error::Error) -> Error {
    Error::Solver(with_sources(&e))
}

fn holds(yes: bool) -> Outcome {
    Outcome::of(yes.then_some(()))
}

impl Prover<'_> {
    async fn run(statute: &Statute, solver: &Solver) -> Result<Proof, Error> {
        let articles = articles(statute)?;
        let compiler = CedarSymCompiler::new(solver.start()?).map_err(solver_error)?;
        let mut prover = Prover {
            statute,
            compiler,
            proof: Proof {
                transcript: Transcript::new(statute.texts(), solver.name()),
                examples: Vec::new(),
            },
        };
        let mut envs: Vec<RequestEnv> = statute.schema.request_envs().collect();
        envs.sort_by_key(name_of);
        prover.closed(&envs).await?;
        for env in &envs {
            prover.total(env).await?;
            prover.somebody(env).await?;
        }
        prover.permits(&envs).await?;
        for article in &articles {
            prover.article(article, &envs).await?;
        }
        Ok(prover.proof)
    }

    fn note(&mut self, kind: &'static str, clause: &str, action: String, outcome: Outcome) {
        self.proof.transcript.checks.push(Checked {
            kind,
            clause: clause.to_owned(),
            action,
            outcome,
        });
    }

    fn show(&mut self, clause: &str, says: &str, found: &Env) -> Result<(), Error> {
        if self.proof.examples.len() < EXAMPLES_MAX {
            let example = Example::new(self.statute, clause, says, found)?;
            self.proof.examples.push(example);
        }
        Ok(())
    }

    /// The actions are those of the list, and the list is the pinned one.
    async fn closed(&mut self, envs: &[RequestEnv]) -> Result<(), Error> {
        const CLAUSE: &str = "actions-are-closed";
        const SAYS: &str = "The actions are exactly those of the pinned list: file, decide, \
                            release, open and view live. None of them identifies anybody.";
        let texts = self.statute.texts();
        let hash = sha256(texts.actions.as_bytes()).to_string();
        let pinned =
            hash == ACTIONS_SHA256 && texts.actions_sha256 == format!("{hash}  actions.txt\n");
        let listed = |action: &EntityUid| {
            let word: &str = action.id().unescaped();
            action.type_name().to_string() == "Action" && texts.actions.lines().any(|l| l == word)
        };
        let known: Vec<&EntityUid> = self.statute.schema.actions().collect();
        let same = known.len() == texts.actions.lines().count() && known.iter().all(|a| listed(a));
        // An action that applies to nothing, or to other kinds of things, has no place in the list.
        let each_once = envs.len() == known.len() && envs.iter().all(asks_as_known);
        let extra = envs
            .iter()
            .find(|e| !listed(e.action()) || !asks_as_known(e));
        let outcome = holds(pinned && same && each_once);
        self.note("closed", CLAUSE, "*".into(), outcome);
        if let (Outcome::Refuted, Some(env)) = (outcome, extra) {
            let set = self.compiled(env)?;
            let asked = self
                .compiler
                .check_always_denies_with_counterexample_opt(&set);
            let mut found = asked.await.map_err(solver_error)?;
            if found.is_none() {
                let asked = self
                    .compiler
                    .check_always_allows_with_counterexample_opt(&set);
                found = asked.await.map_err(solver_error)?;
            }
            if let Some(found) = found {
                self.show(CLAUSE, SAYS, &found)?;
            }
        }
        Ok(())
    }

    fn compiled(&self, env: &RequestEnv) -> Result<CompiledPolicySet, Error> {
        CompiledPolicySet::compile(&self.statute.policies, env, &self.statute.schema)
            .map_err(solver_error)
    }

    /// No policy can fail to evaluate: Cedar leaves such a policy out, and with it a rule.
    async fn total(&mut self, env: &RequestEnv) -> Result<(), Error> {
        let mut outcome = Outcome::Proved;
        let policies = self.statute.policies.clone();
        for policy in in_order(&policies) {
            let compiled =
                CompiledPolicy::compile(policy, env, &self.statute.schema).map_err(solver_error)?;
            let asked = self
                .compiler
                .check_never_errors_with_counterexample_opt(&compiled);
            if let Some(found) = asked.await.map_err(solver_error)? {
                outcome = Outcome::Refuted;
                let says = format!(
                    "The policy `{}` can be evaluated for everything.",
                    policy.id()
                );
                self.show("policies-never-fail", &says, &found)?;
            }
        }
        self.note("total", "policies-never-fail", name_of(env), outcome);
        Ok(())
    }

    /// Somebody can do it at all: a charter proved over a policy that denies all says nothing.
    async fn somebody(&mut self, env: &RequestEnv) -> Result<(), Error> {
        let set = self.compiled(env)?;
        let never = self.compiler.check_always_denies_opt(&set);
        let never = never.await.map_err(solver_error)?;
        self.note("somebody", "somebody-may", name_of(env), holds(!never));
        Ok(())
    }

    /// Each permission permits something.
    async fn permits(&mut self, envs: &[RequestEnv]) -> Result<(), Error> {
        let policies = self.statute.policies.clone();
        for policy in in_order(&policies) {
            if policy.effect() == Effect::Permit {
                let speaks = self.speaks(policy, envs).await?;
                let id = policy.id().to_string();
                self.note("speaks", &id, "*".into(), holds(speaks));
            }
        }
        Ok(())
    }

    /// Whether there is a request that the policy describes.
    async fn speaks(&mut self, policy: &Policy, envs: &[RequestEnv]) -> Result<bool, Error> {
        for env in envs.iter().filter(|e| names(policy, e.action())) {
            let compiled =
                CompiledPolicy::compile(policy, env, &self.statute.schema).map_err(solver_error)?;
            let never = self.compiler.check_never_matches_opt(&compiled);
            if !never.await.map_err(solver_error)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// One clause of the charter, for each action that it names.
    async fn article(&mut self, article: &Article, envs: &[RequestEnv]) -> Result<(), Error> {
        for env in envs.iter().filter(|e| names(&article.policy, e.action())) {
            let one = std::slice::from_ref(env);
            let speaks = self.speaks(&article.policy, one).await?;
            self.note("speaks", &article.promise.id, name_of(env), holds(speaks));
            let clause = CompiledPolicy::compile(&article.policy, env, &self.statute.schema)
                .map_err(solver_error)?;
            let sure = self.compiler.check_never_errors_opt(&clause);
            let sure = sure.await.map_err(solver_error)?;
            self.note("total", &article.promise.id, name_of(env), holds(sure));
            let (kind, found) = match article.policy.effect() {
                Effect::Forbid => ("never", self.never(article, env).await?),
                Effect::Permit => ("always", self.always(article, env).await?),
            };
            self.note(
                kind,
                &article.promise.id,
                name_of(env),
                holds(found.is_none()),
            );
            if let Some(found) = found {
                self.show(&article.promise.id, &article.promise.says, &found)?;
            }
        }
        Ok(())
    }

    /// A request that the clause describes and the policy allows. Whatever the policy allows must
    /// be allowed by "everything but what the clause forbids".
    async fn never(&mut self, article: &Article, env: &RequestEnv) -> Result<Option<Env>, Error> {
        let mut allowed = PolicySet::from_str("permit (principal, action, resource);")
            .map_err(|e| Error::Solver(e.to_string()))?;
        allowed
            .add(article.policy.clone())
            .map_err(|e| Error::Solver(e.to_string()))?;
        let wide = CompiledPolicySet::compile(&allowed, env, &self.statute.schema)
            .map_err(solver_error)?;
        let set = self.compiled(env)?;
        let asked = self
            .compiler
            .check_implies_with_counterexample_opt(&set, &wide);
        asked.await.map_err(solver_error)
    }

    /// A request that the clause describes and the policy denies.
    async fn always(&mut self, article: &Article, env: &RequestEnv) -> Result<Option<Env>, Error> {
        let alone = PolicySet::from_policies([article.policy.clone()])
            .map_err(|e| Error::Solver(e.to_string()))?;
        let narrow =
            CompiledPolicySet::compile(&alone, env, &self.statute.schema).map_err(solver_error)?;
        let set = self.compiled(env)?;
        let asked = self
            .compiler
            .check_implies_with_counterexample_opt(&narrow, &set);
        asked.await.map_err(solver_error)
    }
}

fn name_of(env: &RequestEnv) -> String {
    format!(
        "{}:{}:{}",
        env.action().id().unescaped(),
        env.principal(),
        env.resource()
    )
}

fn asks_as_known(env: &RequestEnv) -> bool {
    env.principal().to_string() == "Person" && env.resource().to_string() == "Request"
}

/// Whether a clause speaks about an action. There are no groups of actions: the list is closed.
fn names(policy: &Policy, action: &EntityUid) -> bool {
    match policy.action_constraint() {
        cedar_policy::ActionConstraint::Any => true,
        cedar_policy::ActionConstraint::Eq(one) => one == *action,
        cedar_policy::ActionConstraint::In(some) => some.contains(action),
    }
}
