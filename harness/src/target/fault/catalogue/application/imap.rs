//! Faults of servers of IMAP, which only servers that can deviate have.

use super::deviations;

deviations! {
    ImapGreetsTwice "imap-greets-twice" "greets twice"
        breaks "RFC 9051 section 7.1" for "IMAP-01";
    ImapTagsChecked "imap-tags-checked" "refuses tags that are not letters and digits"
        breaks "RFC 9051 section 2.2.1" for "IMAP-02";
    ImapErrorsAreNo "imap-errors-are-no" "answers syntax errors with NO"
        breaks "RFC 9051 section 2.2.2" for "IMAP-03";
    ImapCompletesTwice "imap-completes-twice" "completes commands twice"
        breaks "RFC 9051 section 2.2.2" for "IMAP-04";
    ImapContinuationMissing "imap-continuation-missing" "takes literals without asking for them"
        breaks "RFC 9051 section 4.3" for "IMAP-05";
    ImapLiteralsPlus "imap-literals-plus" "sends literals that do not wait"
        breaks "RFC 9051 section 4.3" for "IMAP-06";
    ImapLiteralsWait "imap-literals-wait" "asks for literals that do not wait"
        breaks "RFC 9051 section 4.3" for "IMAP-07";
    ImapCapabilityMissing "imap-capability-missing" "answers CAPABILITY without capabilities"
        breaks "RFC 9051 section 6.1.1" for "IMAP-08";
    ImapPlainUnlisted "imap-plain-unlisted" "does not list AUTH=PLAIN"
        breaks "RFC 9051 section 6.1.1" for "IMAP-09";
    ImapByeMissing "imap-bye-missing" "says no BYE after LOGOUT"
        breaks "RFC 9051 section 6.1.3" for "IMAP-10";
    ImapNoopNeedsLogin "imap-noop-needs-login" "refuses NOOP before the login"
        breaks "RFC 9051 section 6.1.2" for "IMAP-11";
    ImapLoginNotDemanded "imap-login-not-demanded" "takes commands in the wrong state"
        breaks "RFC 9051 section 3" for "IMAP-12";
    ImapCancelIsNo "imap-cancel-is-no" "answers AUTHENTICATE that fails in its form with NO"
        breaks "RFC 9051 section 6.2.2" for "IMAP-14";
    ImapValidityMissing "imap-validity-missing" "tells no UIDVALIDITY"
        breaks "RFC 9051 section 6.3.2" for "IMAP-16";
    ImapFailedSelectStays "imap-failed-select-stays" "stays in a mailbox after a SELECT that fails"
        breaks "RFC 9051 section 6.3.2" for "IMAP-17";
    ImapExamineWrites "imap-examine-writes" "changes flags after EXAMINE"
        breaks "RFC 9051 section 6.3.3" for "IMAP-18";
    ImapInboxCased "imap-inbox-cased" "knows the inbox in capitals alone"
        breaks "RFC 9051 section 5.1" for "IMAP-19";
    ImapUidsRenumbered "imap-uids-renumbered" "takes message numbers for UIDs"
        breaks "RFC 9051 section 2.3.1.1" for "IMAP-20";
    ImapInboxDeleted "imap-inbox-deleted" "deletes the inbox"
        breaks "RFC 9051 section 6.3.5" for "IMAP-21";
    ImapInjectionTaken "imap-injection-taken" "obeys inside TLS what came in the clear behind STARTTLS"
        breaks "RFC 9051 section 6.2.1" for "IMAP-13";
    ImapInferiorsDeleted "imap-inferiors-deleted" "deletes what is below a mailbox with it"
        breaks "RFC 9051 section 6.3.5" for "IMAP-21";
    ImapTryCreateMissing "imap-try-create-missing" "refuses APPEND without TRYCREATE"
        breaks "RFC 9051 section 6.3.12" for "IMAP-22";
    ImapPeekSees "imap-peek-sees" "marks messages as seen for BODY.PEEK"
        breaks "RFC 9051 section 6.4.5" for "IMAP-23";
    ImapBodyUnseen "imap-body-unseen" "marks no message as seen"
        breaks "RFC 9051 section 6.4.5" for "IMAP-23";
    ImapPartsBeyondRefused "imap-parts-beyond-refused" "refuses parts beyond the end"
        breaks "RFC 9051 section 6.4.5" for "IMAP-24";
    ImapMissingUidsRefused "imap-missing-uids-refused" "refuses UIDs that no message has"
        breaks "RFC 9051 section 6.4.9" for "IMAP-25";
    ImapRangesAscend "imap-ranges-ascend" "takes ranges upwards alone"
        breaks "RFC 9051 section 9" for "IMAP-26";
    ImapZeroTaken "imap-zero-taken" "takes 0 for the number of a message"
        breaks "RFC 9051 section 9" for "IMAP-26";
    ImapImpatient "imap-impatient" "closes after a minute without a command"
        breaks "RFC 9051 section 5.4" for "IMAP-27";
    ImapPipelineDropped "imap-pipeline-dropped" "carries out the first of pipelined commands alone"
        breaks "RFC 9051 section 5.5" for "IMAP-28";
    ImapNewsUntold "imap-news-untold" "does not tell of new messages"
        breaks "RFC 9051 section 5.2" for "IMAP-29";
    ImapRemovalsAtOnce "imap-removals-at-once" "tells of removals during FETCH, STORE and SEARCH"
        breaks "RFC 9051 section 7.5.1" for "IMAP-29";
    ImapEscapesUnknown "imap-escapes-unknown" "takes backslashes in quoted strings as they are"
        breaks "RFC 9051 section 4.3" for "IMAP-30";
    ImapPercentIsStar "imap-percent-is-star" "takes % for *"
        breaks "RFC 9051 section 6.3.9" for "IMAP-31";
    ImapBareLfEndsLine "imap-bare-lf-ends-line" "takes LF for the end of a line"
        breaks "RFC 9051 section 2.2" for "IMAP-33";
    ImapClearOnTlsPort "imap-clear-on-tls-port" "speaks in the clear at the port of TLS"
        breaks "RFC 9051 section 11.2" for "IMAP-34";
    ImapTlsTwice "imap-tls-twice" "agrees to STARTTLS inside TLS"
        breaks "RFC 9051 section 6.2.1" for "IMAP-35";
}
