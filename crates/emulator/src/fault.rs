//! Faults on demand: what can go wrong between a client and DFINERY, one request at a time.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;

use dfinery::{ExportCode, ImportCode, Operation};

/// What goes wrong with one request.
///
/// Some faults replace the answer. The request then has no effect, as if it had been lost on the way, unless
/// [`after_applying`](Self::after_applying) says that only the answer was lost. The other faults let the request
/// through and damage the answer.
///
/// ```
/// use dfinery::ImportCode;
/// use dfinery_emulator::Fault;
/// let not_taken = Fault::Import(ImportCode::InternalServerError);
/// let taken_but_denied = Fault::Import(ImportCode::InternalServerError).after_applying();
/// # assert_ne!(not_taken, taken_but_denied);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Nothing goes wrong.
    None,

    /// The answer to any request is this verdict of the Import API.
    Import(ImportCode),
    /// The answer to any request is this failure of the Export API.
    Export(ExportCode),
    /// The answer is a failure of the API with a code that no table has.
    UnknownCode,
    /// The answer is this HTTP status with an empty body. A status that no final answer can have becomes 500.
    Status(u16),
    /// The answer is HTTP 502 with an HTML page, as a gateway sends it.
    HtmlBadGateway,
    /// The answer is HTTP 200 with JSON that breaks off, although the body itself is complete.
    MalformedJson,
    /// The answer is HTTP 200 with a JSON body of this many bytes, made up while it is sent.
    HugeBody(u64),
    /// The answer is exactly this. An impossible status becomes 500, an impossible content type is left out.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The `content-type`, or none.
        content_type: Option<String>,
        /// The whole body.
        body: Bytes,
    },
    /// The connection is closed after the head of the request, before its body is read. The request cannot have any
    /// effect.
    CloseBeforeReading,
    /// The connection is closed after the whole request was read.
    CloseAfterReading,

    /// The request waits this long, then succeeds. If the client has left by then, it has no effect; with
    /// [`after_applying`](Self::after_applying) only the answer waits.
    Delay(Duration),
    /// The answer comes in pieces of this many bytes, with a pause before each.
    SlowBody {
        /// Bytes in a piece; zero counts as one.
        piece: usize,
        /// How long to wait before each.
        pause: Duration,
    },
    /// The connection is closed after this many bytes of the body, which is cut off unless these are all.
    CloseAfterBytes(u64),
    /// The body ends properly after this many bytes, as if there were no more.
    EndAfterBytes(u64),
    /// After this many bytes the body goes on with an export failure as JSON, and ends properly.
    JsonTail {
        /// Bytes of the proper answer before it.
        after_bytes: u64,
        /// The failure.
        code: ExportCode,
    },

    /// Like the fault inside, but the request takes effect first. Made by [`after_applying`](Self::after_applying).
    Applied(Box<Fault>),
}

impl Fault {
    /// The same fault, but the request takes effect first: only the answer is lost or wrong.
    #[must_use]
    pub fn after_applying(self) -> Self {
        match self {
            Self::Applied(_) => self,
            other => Self::Applied(Box::new(other)),
        }
    }

    /// The fault without [`Applied`](Self::Applied) around it, and whether that was there.
    pub(crate) fn split(&self) -> (&Self, bool) {
        let mut fault = self;
        let mut applied = false;
        while let Self::Applied(inner) = fault {
            fault = inner;
            applied = true;
        }
        (fault, applied)
    }

    /// Whether the proper answer is never sent.
    pub(crate) const fn replaces_answer(&self) -> bool {
        match self {
            Self::Import(_)
            | Self::Export(_)
            | Self::UnknownCode
            | Self::Status(_)
            | Self::HtmlBadGateway
            | Self::MalformedJson
            | Self::HugeBody(_)
            | Self::Answer { .. }
            | Self::CloseBeforeReading
            | Self::CloseAfterReading => true,
            Self::None
            | Self::Delay(_)
            | Self::SlowBody { .. }
            | Self::CloseAfterBytes(_)
            | Self::EndAfterBytes(_)
            | Self::JsonTail { .. }
            | Self::Applied(_) => false,
        }
    }

    /// A name without the contents, for logs.
    pub(crate) fn name(&self) -> &'static str {
        match self.split().0 {
            Self::None | Self::Applied(_) => "none",
            Self::Import(_) => "import",
            Self::Export(_) => "export",
            Self::UnknownCode => "unknown-code",
            Self::Status(_) => "status",
            Self::HtmlBadGateway => "html-bad-gateway",
            Self::MalformedJson => "malformed-json",
            Self::HugeBody(_) => "huge-body",
            Self::Answer { .. } => "answer",
            Self::CloseBeforeReading => "close-before-reading",
            Self::CloseAfterReading => "close-after-reading",
            Self::Delay(_) => "delay",
            Self::SlowBody { .. } => "slow-body",
            Self::CloseAfterBytes(_) => "close-after-bytes",
            Self::EndAfterBytes(_) => "end-after-bytes",
            Self::JsonTail { .. } => "json-tail",
        }
    }
}

/// Faults by chance, the same ones in every run with the same seed and the same order of requests.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultRate {
    /// The share of the requests that get a fault, from 0 to 1.
    pub probability: f64,
    /// Where the random numbers start.
    pub seed: u64,
    /// The faults to pick from, all equally likely.
    pub faults: Vec<Fault>,
}

/// The faults still to come.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    script: VecDeque<(Option<Operation>, Fault)>,
    rate: Option<(FaultRate, fastrand::Rng)>,
}

impl Plan {
    /// Adds faults for the next requests, or for the next requests of one operation.
    pub(crate) fn script(&mut self, operation: Option<Operation>, faults: impl IntoIterator<Item = Fault>) {
        self.script.extend(faults.into_iter().map(|fault| (operation, fault)));
    }

    pub(crate) fn set_rate(&mut self, rate: FaultRate) {
        let random = fastrand::Rng::with_seed(rate.seed);
        self.rate = Some((rate, random));
    }

    /// How many scripted faults have not been used.
    pub(crate) fn scripted(&self) -> usize {
        self.script.len()
    }

    /// The fault for a request: a scripted one takes precedence over chance, even if it is [`Fault::None`].
    pub(crate) fn next(&mut self, operation: Operation) -> Fault {
        let scripted = self
            .script
            .iter()
            .position(|(only, _)| only.is_none_or(|only| only == operation));
        if let Some((_, fault)) = scripted.and_then(|position| self.script.remove(position)) {
            return fault;
        }
        self.rate.as_mut().map_or(Fault::None, |(rate, random)| {
            if random.f64() < rate.probability {
                random.choice(&rate.faults).cloned().unwrap_or(Fault::None)
            } else {
                Fault::None
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_for_one_operation_waits_for_it() {
        let mut plan = Plan::default();
        plan.script(Some(Operation::ExportEvents), [Fault::Status(500)]);
        plan.script(None, [Fault::None, Fault::MalformedJson]);
        assert_eq!(plan.next(Operation::LoadEvents), Fault::None);
        assert_eq!(plan.next(Operation::ExportEvents), Fault::Status(500));
        assert_eq!(plan.next(Operation::LoadEvents), Fault::MalformedJson);
        assert_eq!(plan.scripted(), 0);
    }

    #[test]
    fn chance_comes_about_as_often_as_asked_and_repeats_with_its_seed() {
        let draw = |seed| {
            let mut plan = Plan::default();
            plan.set_rate(FaultRate {
                probability: 0.05,
                seed,
                faults: vec![Fault::Status(500), Fault::CloseAfterReading],
            });
            (0..10_000)
                .map(|_| plan.next(Operation::LoadEvents))
                .collect::<Vec<_>>()
        };
        let faults = draw(7);
        let hits = faults.iter().filter(|fault| **fault != Fault::None).count();
        assert!((400..600).contains(&hits), "{hits} of 10,000");
        assert!(faults.contains(&Fault::Status(500)) && faults.contains(&Fault::CloseAfterReading));
        assert_eq!(faults, draw(7));
        assert_ne!(faults, draw(8));
    }

    #[test]
    fn applying_twice_is_applying_once() {
        let fault = Fault::CloseAfterReading.after_applying().after_applying();
        assert_eq!(fault.split(), (&Fault::CloseAfterReading, true));
        assert_eq!(fault.name(), "close-after-reading");
    }
}
