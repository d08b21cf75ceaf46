//! Faults of servers of POP3, which only servers that can deviate have.

use super::deviations;

deviations! {
    Pop3LfSent "pop3-lf-sent" "ends responses with LF alone"
        breaks "RFC 1939 section 3" for "POP3-01" "POP3-04";
    Pop3LowerCase "pop3-lower-case" "answers with +ok"
        breaks "RFC 1939 section 3" for "POP3-02";
    Pop3KeywordsCased "pop3-keywords-cased" "knows keywords in capitals alone"
        breaks "RFC 1939 section 3" for "POP3-03";
    Pop3ErrorCloses "pop3-error-closes" "closes after an error"
        breaks "RFC 1939 section 3" for "POP3-06" "POP3-07";
    Pop3ArgumentsShort "pop3-arguments-short" "closes for arguments of more than 32 characters"
        breaks "RFC 1939 section 3" for "POP3-05";
    Pop3LoginNotDemanded "pop3-login-not-demanded" "answers STAT before authorization"
        breaks "RFC 1939 section 3" for "POP3-07";
    Pop3DotsNotDoubled "pop3-dots-not-doubled" "sends lines that begin with a dot as they are"
        breaks "RFC 1939 section 3" for "POP3-08";
    Pop3EndMissing "pop3-end-missing" "sends multi-line responses without an end"
        breaks "RFC 1939 section 3" for "POP3-08" "POP3-16" "POP3-33";
    Pop3Impatient "pop3-impatient" "closes after a minute without a command"
        breaks "RFC 1939 section 3" for "POP3-09";
    Pop3QuitStays "pop3-quit-stays" "stays after QUIT"
        breaks "RFC 1939 section 4" for "POP3-10";
    Pop3UserNotDemanded "pop3-user-not-demanded" "takes PASS without USER"
        breaks "RFC 1939 section 7" for "POP3-11";
    Pop3PasswordUnchecked "pop3-password-unchecked" "takes any password"
        breaks "RFC 1939 section 7" for "POP3-13";
    Pop3UnknownUsersTaken "pop3-unknown-users-taken" "takes users that do not exist"
        breaks "RFC 1939 section 7" for "POP3-12";
    Pop3LockIgnored "pop3-lock-ignored" "opens a maildrop twice"
        breaks "RFC 1939 section 4" for "POP3-14";
    Pop3DeletedCounted "pop3-deleted-counted" "counts messages that are marked as deleted"
        breaks "RFC 1939 section 5" for "POP3-15" "POP3-20";
    Pop3SizeOfLf "pop3-size-of-lf" "counts CR LF as one octet"
        breaks "RFC 1939 section 11" for "POP3-19";
    Pop3DeleteForgotten "pop3-delete-forgotten" "marks nothing as deleted"
        breaks "RFC 1939 section 5" for "POP3-20" "POP3-23";
    Pop3NoopUnknown "pop3-noop-unknown" "does not know NOOP"
        breaks "RFC 1939 section 5" for "POP3-21";
    Pop3ResetForgotten "pop3-reset-forgotten" "unmarks nothing"
        breaks "RFC 1939 section 5" for "POP3-22";
    Pop3QuitKeeps "pop3-quit-keeps" "removes nothing"
        breaks "RFC 1939 section 6" for "POP3-23";
    Pop3LockKept "pop3-lock-kept" "keeps the maildrop locked after QUIT"
        breaks "RFC 1939 section 6" for "POP3-23";
    Pop3LossRemoves "pop3-loss-removes" "removes what is marked when the connection is lost"
        breaks "RFC 1939 section 6" for "POP3-24";
    Pop3RemovesUnmarked "pop3-removes-unmarked" "removes all messages with the marked ones"
        breaks "RFC 1939 section 6" for "POP3-25";
    Pop3TopWhole "pop3-top-whole" "sends the whole message for TOP"
        breaks "RFC 1939 section 7" for "POP3-26";
    Pop3UniqueIdsAreNumbers "pop3-unique-ids-are-numbers" "takes the number of a message for its unique-id"
        breaks "RFC 1939 section 7" for "POP3-28";
    Pop3UniqueIdsChange "pop3-unique-ids-change" "gives other unique-ids each time"
        breaks "RFC 1939 section 7" for "POP3-27";
    Pop3PipelineDropped "pop3-pipeline-dropped" "answers the first of pipelined commands alone"
        breaks "RFC 1939 section 3" for "POP3-32";
    Pop3NumbersFromZero "pop3-numbers-from-zero" "counts messages from 0"
        breaks "RFC 1939 section 5" for "POP3-34" "POP3-18" "POP3-17";
}
