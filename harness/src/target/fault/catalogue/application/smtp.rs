//! Faults of servers of SMTP, which only servers that can deviate have.

use super::deviations;

deviations! {
    SmtpGreetingIsOk "smtp-greeting-is-ok" "greets with 250"
        breaks "RFC 5321 section 3.1" for "5321-001";
    SmtpGreetingWithoutDomain "smtp-greeting-without-domain" "greets with asterisks in the place of its domain"
        breaks "RFC 5321 section 4.2" for "5321-002";
    SmtpEhloUnknown "smtp-ehlo-unknown" "does not know EHLO"
        breaks "RFC 5321 section 2.2.1" for "5321-006" "5321-092";
    SmtpHeloUnknown "smtp-helo-unknown" "does not know HELO"
        breaks "RFC 5321 section 4.1.1.1" for "5321-007" "5321-092";
    SmtpHeloExtended "smtp-helo-extended" "answers HELO as EHLO"
        breaks "RFC 5321 section 3.2" for "5321-008";
    SmtpKeywordsGarbled "smtp-keywords-garbled" "lists what is no keyword"
        breaks "RFC 5321 section 4.1.1.1" for "5321-009";
    SmtpHelpUnlisted "smtp-help-unlisted" "does not list HELP and knows it"
        breaks "RFC 5321 section 4.1.1.1" for "5321-010";
    SmtpMissingListed "smtp-missing-listed" "lists HELP and does not implement it"
        breaks "RFC 5321 section 4.2.4" for "5321-011";
    SmtpKeywordUnregistered "smtp-keyword-unregistered" "lists a keyword that is not registered"
        breaks "RFC 5321 section 2.2.2" for "5321-012";
    SmtpKeywordsCased "smtp-keywords-cased" "knows parameters in capitals alone"
        breaks "RFC 5321 section 4.1.1.1" for "5321-013";
    SmtpEhloKeepsTransaction "smtp-ehlo-keeps-transaction" "keeps the transaction over EHLO"
        breaks "RFC 5321 section 4.1.4" for "5321-014";
    SmtpRefusedEhloResets "smtp-refused-ehlo-resets" "loses the transaction to an EHLO that it refuses"
        breaks "RFC 5321 section 4.1.4" for "5321-015";
    SmtpNameChecked "smtp-name-checked" "refuses mail for the name in EHLO"
        breaks "RFC 5321 section 4.1.4" for "5321-016";
    SmtpLiteralInEhloRefused "smtp-literal-in-ehlo-refused" "refuses address literals in EHLO"
        breaks "RFC 5321 section 4.1.1.1" for "5321-017";
    SmtpTextBehindLiteralCloses "smtp-text-behind-literal-closes" "closes for text behind an address literal in EHLO"
        breaks "RFC 5321 section 4.1.1.1" for "5321-018";
    SmtpEarlyMailCloses "smtp-early-mail-closes" "closes for MAIL before EHLO"
        breaks "RFC 5321 section 4.1.4" for "5321-019";
    SmtpHelloDemandedOfAll "smtp-hello-demanded-of-all" "refuses every command before EHLO"
        breaks "RFC 5321 section 4.1.4" for "5321-020";
    SmtpNestedMailResets "smtp-nested-mail-resets" "loses the transaction to a MAIL within it"
        breaks "RFC 5321 section 4.1.4" for "5321-021";
    SmtpMailNotDemanded "smtp-mail-not-demanded" "takes RCPT without MAIL"
        breaks "RFC 5321 section 3.3" for "5321-022";
    SmtpDataAnytime "smtp-data-anytime" "takes DATA without recipients"
        breaks "RFC 5321 section 3.3" for "5321-023" "SMTP-P06" "SMTP-P07";
    SmtpRefusedMailBegins "smtp-refused-mail-begins" "begins a transaction with a MAIL that it refuses"
        breaks "RFC 5321 section 4.1.4" for "5321-024";
    SmtpVerbsCased "smtp-verbs-cased" "knows verbs in capitals alone"
        breaks "RFC 5321 section 4.1.1" for "5321-025";
    SmtpPathsLowered "smtp-paths-lowered" "turns local parts into lower case"
        breaks "RFC 5321 section 2.4" for "5321-026";
    SmtpTrailingBlanksRefused "smtp-trailing-blanks-refused" "refuses blanks at the end of a command"
        breaks "RFC 5321 section 4.1.1" for "5321-027";
    SmtpSpaceBeforePathSplits "smtp-space-before-path-splits" "takes what follows a blank before a path for another command"
        breaks "RFC 5321 section 3.3" for "5321-028";
    SmtpNullPathRefused "smtp-null-path-refused" "refuses the null reverse-path"
        breaks "RFC 5321 section 4.1.1.2" for "5321-029";
    SmtpBarePostmasterRefused "smtp-bare-postmaster-refused" "refuses Postmaster without a domain"
        breaks "RFC 5321 section 4.1.1.3" for "5321-030";
    SmtpPostmasterCased "smtp-postmaster-cased" "knows postmaster in lower case alone"
        breaks "RFC 5321 section 4.1.1.3" for "5321-030";
    SmtpPostmasterUnknown "smtp-postmaster-unknown" "has no postmaster"
        breaks "RFC 5321 section 4.5.1" for "5321-030" "5321-031";
    SmtpRoutesRefused "smtp-routes-refused" "refuses source routes as no paths"
        breaks "RFC 5321 section 4.1.1.3" for "5321-032" "5321-033";
    SmtpRoutesFollowed "smtp-routes-followed" "takes the first host of a source route for the destination"
        breaks "RFC 5321 section 3.6.1" for "5321-034";
    SmtpUnknownUsersTaken "smtp-unknown-users-taken" "takes recipients that do not exist"
        breaks "RFC 5321 section 3.3" for "5321-035";
    SmtpUnknownParametersTaken "smtp-unknown-parameters-taken" "takes parameters that it does not know"
        breaks "RFC 5321 section 4.1.1" for "5321-036";
    SmtpQuotedRefused "smtp-quoted-refused" "refuses quoted local parts"
        breaks "RFC 5321 section 4.1.2" for "5321-037" "5321-038";
    SmtpDomainsUnchecked "smtp-domains-unchecked" "takes any octets for a domain"
        breaks "RFC 5321 section 4.1.2" for "5321-039";
    SmtpControlsTaken "smtp-controls-taken" "takes controls in paths"
        breaks "RFC 5321 section 4.1.2" for "5321-040";
    SmtpLiteralsRefused "smtp-literals-refused" "refuses address literals in paths"
        breaks "RFC 5321 section 4.1.3" for "5321-041";
    SmtpDataIsDone "smtp-data-is-done" "answers DATA with 250 and reads content"
        breaks "RFC 5321 section 4.1.1.4" for "5321-042";
    SmtpTwoAnswersToContent "smtp-two-answers-to-content" "answers content twice"
        breaks "RFC 5321 section 4.1.1.4" for "5321-043" "5321-068";
    SmtpBareLfEndsLine "smtp-bare-lf-ends-line" "takes LF for the end of a line"
        breaks "RFC 5321 section 2.3.8" for "5321-044" "5321-046" "5321-047";
    SmtpBareCrEndsLine "smtp-bare-cr-ends-line" "takes CR for the end of a line of content"
        breaks "RFC 5321 section 2.3.8" for "5321-045";
    SmtpLfAfterDotEnds "smtp-lf-after-dot-ends" "takes a dot and LF for the end of content"
        breaks "RFC 5321 section 2.3.8" for "5321-046";
    SmtpLfSent "smtp-lf-sent" "ends replies with LF alone"
        breaks "RFC 5321 section 2.3.8" for "5321-048";
    SmtpDotsKept "smtp-dots-kept" "keeps the dots of the client"
        breaks "RFC 5321 section 4.5.2" for "5321-050";
    SmtpAllDotsRemoved "smtp-all-dots-removed" "takes away all dots that a line begins with"
        breaks "RFC 5321 section 4.5.2" for "5321-050";
    SmtpEndOnlyWhole "smtp-end-only-whole" "sees the end of content only where it comes in one piece"
        breaks "RFC 5321 section 4.5.2" for "5321-052";
    SmtpEmptyContentAwaited "smtp-empty-content-awaited" "sees no end of content in its first line"
        breaks "RFC 5321 section 4.1.1.4" for "5321-053";
    SmtpControlsRemoved "smtp-controls-removed" "takes controls out of messages"
        breaks "RFC 5321 section 4.5.2" for "5321-054";
    SmtpResetForgotten "smtp-reset-forgotten" "keeps the transaction over RSET"
        breaks "RFC 5321 section 4.1.1.5" for "5321-057";
    SmtpResetCloses "smtp-reset-closes" "closes after RSET"
        breaks "RFC 5321 section 4.1.1.5" for "5321-058";
    SmtpArgumentsIgnored "smtp-arguments-ignored" "takes arguments of commands that have none"
        breaks "RFC 5321 section 4.3.2" for "5321-059";
    SmtpTlsParameterTaken "smtp-tls-parameter-taken" "takes STARTTLS with a parameter"
        breaks "RFC 3207 section 4" for "SMTP-T01";
    SmtpTlsStateKept "smtp-tls-state-kept" "keeps what was said before TLS"
        breaks "RFC 3207 section 4.2" for "SMTP-T02";
    SmtpTlsOfferedInside "smtp-tls-offered-inside" "lists STARTTLS inside TLS"
        breaks "RFC 3207 section 4.2" for "SMTP-T03";
    SmtpInjectionTaken "smtp-injection-taken" "obeys inside TLS what came in the clear behind STARTTLS"
        breaks "RFC 3207 section 4.2" for "SMTP-T04";
    SmtpTlsDemanded "smtp-tls-demanded" "takes no mail without TLS"
        breaks "RFC 3207 section 4" for "SMTP-T05";
    SmtpNoopArgumentRefused "smtp-noop-argument-refused" "refuses an argument of NOOP"
        breaks "RFC 5321 section 4.1.1.9" for "5321-128";
    SmtpNoopResets "smtp-noop-resets" "loses the transaction to NOOP"
        breaks "RFC 5321 section 4.1.1.9" for "5321-060";
    SmtpQuitStays "smtp-quit-stays" "stays after QUIT"
        breaks "RFC 5321 section 4.1.1.10" for "5321-061";
    SmtpErrorCloses "smtp-error-closes" "closes after an error"
        breaks "RFC 5321 section 4.1.1.10" for "5321-062" "5321-063";
    SmtpUnknownCloses "smtp-unknown-closes" "closes after a command that it does not know"
        breaks "RFC 5321 section 3.8" for "5321-063";
    SmtpUnknownUnimplemented "smtp-unknown-unimplemented" "answers with 502 what it does not know"
        breaks "RFC 5321 section 4.2.4" for "5321-064";
    SmtpPrematureDelivers "smtp-premature-delivers" "delivers messages that were cut off"
        breaks "RFC 5321 section 4.1.1.10" for "5321-065";
    SmtpImpatient "smtp-impatient" "closes after a minute without a command"
        breaks "RFC 5321 section 4.5.3.2.7" for "5321-067";
    SmtpTwoReplies "smtp-two-replies" "answers commands twice"
        breaks "RFC 5321 section 4.2" for "5321-068" "SMTP-P01";
    SmtpCodesOfLinesDiffer "smtp-codes-of-lines-differ" "sends lines of one reply with two codes"
        breaks "RFC 5321 section 4.2.1" for "5321-069";
    SmtpCodesOutOfRange "smtp-codes-out-of-range" "sends codes that begin with 6"
        breaks "RFC 5321 section 4.2" for "5321-070";
    SmtpTextMissing "smtp-text-missing" "sends codes without a space"
        breaks "RFC 5321 section 4.2" for "5321-071";
    SmtpCodesUnlisted "smtp-codes-unlisted" "sends codes that are not listed"
        breaks "RFC 5321 section 4.2" for "5321-072";
    SmtpCommandsShort "smtp-commands-short" "refuses command lines of more than 256 octets"
        breaks "RFC 5321 section 4.5.3.1.4" for "5321-073";
    SmtpLongLinesCut "smtp-long-lines-cut" "takes the rest of a long command line for another command"
        breaks "RFC 5321 section 4.5.3.1.4" for "5321-074";
    SmtpLocalPartsShort "smtp-local-parts-short" "refuses local parts of more than 32 octets"
        breaks "RFC 5321 section 4.5.3.1.1" for "5321-075";
    SmtpDomainsShort "smtp-domains-short" "refuses domains of more than 100 octets"
        breaks "RFC 5321 section 4.5.3.1.2" for "5321-076";
    SmtpPathsShort "smtp-paths-short" "refuses paths of more than 128 octets"
        breaks "RFC 5321 section 4.5.3.1.3" for "5321-077";
    SmtpLongPathsClose "smtp-long-paths-close" "closes for paths that are too long"
        breaks "RFC 5321 section 4.5.3.1" for "5321-132" "5321-084";
    SmtpRepliesLong "smtp-replies-long" "sends replies of more than 512 octets"
        breaks "RFC 5321 section 4.5.3.1.5" for "5321-078";
    SmtpTextLinesShort "smtp-text-lines-short" "refuses lines of content of more than 500 octets"
        breaks "RFC 5321 section 4.5.3.1.6" for "5321-079";
    SmtpSmallMessages "smtp-small-messages" "refuses messages of more than 10,000 octets"
        breaks "RFC 5321 section 4.5.3.1.7" for "5321-080";
    SmtpTooLargeTaken "smtp-too-large-taken" "says 250 to messages that are too large"
        breaks "RFC 5321 section 4.5.3.1.9" for "5321-084";
    SmtpFewRecipients "smtp-few-recipients" "takes 50 recipients"
        breaks "RFC 5321 section 4.5.3.1.8" for "5321-081";
    SmtpRecipientLimitPermanent "smtp-recipient-limit-permanent" "refuses recipients beyond its limit for good"
        breaks "RFC 5321 section 4.5.3.1.10" for "5321-082";
    SmtpLaterRecipientsLost "smtp-later-recipients-lost" "delivers to the first recipient alone"
        breaks "RFC 5321 section 4.5.3.1.8" for "5321-083";
    SmtpVrfyUnknown "smtp-vrfy-unknown" "does not know VRFY"
        breaks "RFC 5321 section 3.5.1" for "5321-085" "5321-087" "5321-092";
    SmtpVrfyGuesses "smtp-vrfy-guesses" "verifies users that do not exist"
        breaks "RFC 5321 section 3.5.3" for "5321-086";
    SmtpVrfyBare "smtp-vrfy-bare" "verifies users without a domain"
        breaks "RFC 5321 section 3.5.2" for "5321-088";
    SmtpVrfyRouted "smtp-vrfy-routed" "verifies users with a source route"
        breaks "RFC 5321 section 3.5.2" for "5321-089";
    SmtpVrfyResets "smtp-vrfy-resets" "loses the transaction to VRFY"
        breaks "RFC 5321 section 4.1.1.6" for "5321-130";
    SmtpHelpUnknown "smtp-help-unknown" "does not know HELP"
        breaks "RFC 5321 section 4.1.1.8" for "5321-091";
    SmtpRelays "smtp-relays" "takes mail for anywhere"
        breaks "RFC 5321 section 3.6.2" for "5321-093" "5321-094" "5321-129";
    SmtpReceivedMissing "smtp-received-missing" "adds no Received"
        breaks "RFC 5321 section 4.4" for "5321-095" "5321-096";
    SmtpReceivedBehind "smtp-received-behind" "adds its trace fields at the end"
        breaks "RFC 5321 section 4.4" for "5321-095";
    SmtpShortYear "smtp-short-year" "writes years of two digits"
        breaks "RFC 5321 section 4.4" for "5321-096";
    SmtpReturnPathMissing "smtp-return-path-missing" "adds no Return-Path"
        breaks "RFC 5321 section 4.4" for "5321-097";
    SmtpForListsAll "smtp-for-lists-all" "tells all recipients in Received"
        breaks "RFC 5321 section 7.2" for "5321-098" "5321-099";
    SmtpResentRefused "smtp-resent-refused" "refuses messages with Resent-To"
        breaks "RFC 5321 section 3.3" for "5321-100";
    SmtpHeadersChecked "smtp-headers-checked" "refuses messages without Date"
        breaks "RFC 5321 section 3.3" for "5321-131";
    SmtpTraceChecked "smtp-trace-checked" "refuses messages with a Received of another form"
        breaks "RFC 5321 section 3.7.2" for "5321-101";
    SmtpLoopsTaken "smtp-loops-taken" "sees no mail loops"
        breaks "RFC 5321 section 6.3" for "5321-103";
    SmtpRefusedIsDelivered "smtp-refused-is-delivered" "delivers what it refuses"
        breaks "RFC 5321 section 4.2.5" for "5321-105";
    SmtpMessagesLost "smtp-messages-lost" "loses what it has taken"
        breaks "RFC 5321 section 2.1" for "5321-026" "5321-034" "5321-106" "5321-123";
    SmtpSecondMessageLost "smtp-second-message-lost" "loses the second message of a session"
        breaks "RFC 5321 section 4.1.4" for "5321-107";
    SmtpHighOctetsTaken "smtp-high-octets-taken" "takes octets above 127 in commands"
        breaks "RFC 5321 section 2.4" for "5321-109";
    SmtpEchoesOctets "smtp-echoes-octets" "sends back what it does not understand as it came"
        breaks "RFC 5321 section 4.2" for "5321-133";
    SmtpBareBracketsClose "smtp-bare-brackets-close" "closes for paths without brackets"
        breaks "RFC 5321 section 4.1.2" for "5321-125";
    SmtpEmptyRecipientTaken "smtp-empty-recipient-taken" "takes an empty forward-path"
        breaks "RFC 5321 section 4.1.1.3" for "5321-126";
    SmtpCodesMixed "smtp-codes-mixed" "answers with codes that the command does not have"
        breaks "RFC 5321 section 4.3.2" for "5321-127";
    SmtpPipelineFlushed "smtp-pipeline-flushed" "throws away what stands behind a command that it refuses"
        breaks "RFC 2920 section 3.2" for "SMTP-P05";
    SmtpCommandsOnlyWhole "smtp-commands-only-whole" "loses commands that come in several pieces"
        breaks "RFC 2920 section 3.2" for "SMTP-P08";
    SmtpRepliesHeld "smtp-replies-held" "holds replies back until the next command comes"
        breaks "RFC 2920 section 3.2" for "SMTP-P01" "SMTP-P02" "SMTP-P03" "SMTP-P04";
    SmtpSizeGarbled "smtp-size-garbled" "writes SIZE with an equals sign"
        breaks "RFC 1870 section 3" for "SMTP-Z01";
    SmtpSizeIgnored "smtp-size-ignored" "takes any declared size"
        breaks "RFC 1870 section 6.1" for "SMTP-Z02";
    SmtpSizeEndsContent "smtp-size-ends-content" "ends a message where the declared size does"
        breaks "RFC 1870 section 6" for "SMTP-Z04";
    SmtpSizeRefusedLater "smtp-size-refused-later" "refuses messages whose size it has taken"
        breaks "RFC 1870 section 6.3" for "SMTP-Z05";
    SmtpSizeUnchecked "smtp-size-unchecked" "takes any value of SIZE"
        breaks "RFC 1870 section 6" for "SMTP-Z06";
    SmtpSizeCountsDots "smtp-size-counts-dots" "counts the dots of the client for the size"
        breaks "RFC 1870 section 5" for "SMTP-Z07";
    SmtpBodyUnknown "smtp-body-unknown" "does not know BODY"
        breaks "RFC 1652 section 3" for "SMTP-B01";
    SmtpBodyUnchecked "smtp-body-unchecked" "takes any value of BODY"
        breaks "RFC 1652 section 3" for "SMTP-B01";
    SmtpHighBitsCleared "smtp-high-bits-cleared" "clears the highest bits of messages"
        breaks "RFC 1652 section 3" for "SMTP-B02";
    Smtp8BitCloses "smtp-8bit-closes" "closes for a message with high octets that were not declared"
        breaks "RFC 5321 section 2.4" for "SMTP-B04";
    Smtp8BitUnlisted "smtp-8bit-unlisted" "does not list 8BITMIME"
        breaks "RFC 5321 section 2.4" for "SMTP-B03";
}
