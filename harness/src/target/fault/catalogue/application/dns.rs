//! Faults of servers of DNS, which only servers that can deviate have.

use super::deviations;

deviations! {
    DnsIdWrong "dns-id-wrong" "answers with another ID"
        breaks "RFC 1035 section 4.1.1" for "DNS-01";
    DnsQrClear "dns-qr-clear" "sends responses as queries"
        breaks "RFC 1035 section 4.1.1" for "DNS-02";
    DnsResponsesAnswered "dns-responses-answered" "answers responses"
        breaks "RFC 1035 section 4.1.1" for "DNS-02";
    DnsOpcodeLost "dns-opcode-lost" "answers every opcode with QUERY"
        breaks "RFC 1035 section 4.1.1" for "DNS-03";
    DnsOpcodeIgnored "dns-opcode-ignored" "takes every opcode for QUERY"
        breaks "RFC 1035 section 4.1.1" for "DNS-04";
    DnsRdLost "dns-rd-lost" "clears RD"
        breaks "RFC 1035 section 4.1.1" for "DNS-05";
    DnsRaSet "dns-ra-set" "says that it recurses"
        breaks "RFC 1035 section 4.1.1" for "DNS-06";
    DnsZCopied "dns-zcopied" "copies Z"
        breaks "RFC 1035 section 4.1.1" for "DNS-07";
    DnsAaLost "dns-aa-lost" "says that it is no authority"
        breaks "RFC 1035 section 4.1.1" for "DNS-08" "DNS-09";
    DnsAaAlways "dns-aa-always" "says that it is an authority for everything"
        breaks "RFC 1035 section 4.1.1" for "DNS-08" "DNS-32";
    DnsMissingNameExists "dns-missing-name-exists" "answers NOERROR for names that do not exist"
        breaks "RFC 1035 section 4.1.1" for "DNS-09";
    DnsMissingTypeIsMissingName "dns-missing-type-is-missing-name" "answers NXDOMAIN for types that do not exist"
        breaks "RFC 2308 section 2.2" for "DNS-10";
    DnsSoaMissing "dns-soa-missing" "denies without SOA"
        breaks "RFC 2308 section 3" for "DNS-09" "DNS-10";
    DnsFormUnchecked "dns-form-unchecked" "answers queries that it cannot read to the end"
        breaks "RFC 1035 section 4.1.1" for "DNS-11";
    DnsFormErrorsSilent "dns-form-errors-silent" "does not answer what has the wrong form"
        breaks "RFC 6891 section 6.1.1" for "DNS-44" "DNS-50";
    DnsCountsWrong "dns-counts-wrong" "counts one answer too many"
        breaks "RFC 1035 section 4.1.1" for "DNS-12";
    DnsQuestionMissing "dns-question-missing" "leaves out the question"
        breaks "RFC 1035 section 4.1.2" for "DNS-13" "DNS-51";
    DnsManyQuestionsTaken "dns-many-questions-taken" "answers all of several questions"
        breaks "RFC 9619 section 4" for "DNS-14";
    DnsNamesCased "dns-names-cased" "knows names in the case of its zone alone"
        breaks "RFC 1035 section 2.3.3" for "DNS-15";
    DnsLongNamesTaken "dns-long-names-taken" "takes names of more than 255 octets"
        breaks "RFC 1035 section 2.3.4" for "DNS-16";
    DnsLabelsShort "dns-labels-short" "refuses labels of more than 32 octets"
        breaks "RFC 1035 section 2.3.4" for "DNS-16";
    DnsLabelsAreText "dns-labels-are-text" "refuses labels that are no words"
        breaks "RFC 1035 section 3.1" for "DNS-17";
    DnsPointersFollowed "dns-pointers-followed" "follows compression pointers anywhere"
        breaks "RFC 1035 section 4.1.4" for "DNS-18";
    DnsReservedLabelsTaken "dns-reserved-labels-taken" "passes over octets of reserved label types"
        breaks "RFC 1035 section 4.1.4" for "DNS-19";
    DnsCompressionWrong "dns-compression-wrong" "sends compression pointers beside the name"
        breaks "RFC 1035 section 4.1.4" for "DNS-20";
    DnsPointersUnanswered "dns-pointers-unanswered" "does not answer queries with compressed names"
        breaks "RFC 1035 section 4.1.4" for "DNS-21";
    DnsNeverTruncates "dns-never-truncates" "sends responses of any size over UDP"
        breaks "RFC 1035 section 4.2.1" for "DNS-22" "DNS-49" "DNS-51";
    DnsTruncationNotTold "dns-truncation-not-told" "leaves out records without TC"
        breaks "RFC 1035 section 4.1.1" for "DNS-22" "DNS-49";
    DnsCutAnywhere "dns-cut-anywhere" "cuts responses in the middle of a record"
        breaks "RFC 2181 section 9" for "DNS-22" "DNS-51";
    DnsLengthCountsItself "dns-length-counts-itself" "counts the length before a message with it"
        breaks "RFC 1035 section 4.2.2" for "DNS-23";
    DnsClosesAfterOne "dns-closes-after-one" "closes after one query over TCP"
        breaks "RFC 7766 section 6.2.1" for "DNS-25" "DNS-57" "DNS-58";
    DnsLengthIgnored "dns-length-ignored" "takes what has come for a message, whatever its length says"
        breaks "RFC 1035 section 4.2.2" for "DNS-26";
    DnsTtlNegative "dns-ttl-negative" "sends TTLs with the highest bit set"
        breaks "RFC 1035 section 3.2.1" for "DNS-27";
    DnsDataLengthWrong "dns-data-length-wrong" "counts one octet of data too few"
        breaks "RFC 1035 section 3.2.1" for "DNS-28";
    DnsAnyRefused "dns-any-refused" "does not know ANY"
        breaks "RFC 1035 section 3.2.3" for "DNS-29";
    DnsClassIgnored "dns-class-ignored" "answers for every class"
        breaks "RFC 1035 section 3.2.5" for "DNS-30";
    DnsAliasNotFollowed "dns-alias-not-followed" "does not follow aliases"
        breaks "RFC 1035 section 3.3.1" for "DNS-31";
    DnsReferralAuthoritative "dns-referral-authoritative" "refers with AA"
        breaks "RFC 1034 section 4.3.2" for "DNS-32";
    DnsWildcardUnexpanded "dns-wildcard-unexpanded" "answers with the wildcard's own name"
        breaks "RFC 1034 section 4.3.3" for "DNS-33";
    DnsAdditionalMissing "dns-additional-missing" "sends no additional records"
        breaks "RFC 1035 section 6.2" for "DNS-32" "DNS-34";
    DnsForeignNamesExist "dns-foreign-names-exist" "answers NOERROR for names of other zones"
        breaks "RFC 1035 section 4.1.1" for "DNS-35";
    DnsTransfersAnswered "dns-transfers-answered" "answers transfers with some records and no SOA"
        breaks "RFC 5936 section 2.2" for "DNS-66";
    DnsAddressesLong "dns-addresses-long" "sends addresses of five octets"
        breaks "RFC 1035 section 3.4.1" for "DNS-36";
    DnsStringsWrong "dns-strings-wrong" "sends strings with a wrong length"
        breaks "RFC 1035 section 3.3" for "DNS-37";
    DnsOptIgnored "dns-opt-ignored" "answers EDNS without it"
        breaks "RFC 6891 section 6.1.1" for "DNS-42" "DNS-53";
    DnsOptAlways "dns-opt-always" "sends OPT to everybody"
        breaks "RFC 6891 section 7" for "DNS-43";
    DnsSecondOptTaken "dns-second-opt-taken" "takes several OPT records"
        breaks "RFC 6891 section 6.1.1" for "DNS-44";
    DnsEdnsVersionIgnored "dns-edns-version-ignored" "takes every version of EDNS"
        breaks "RFC 6891 section 6.1.3" for "DNS-45";
    DnsOptionsRefused "dns-options-refused" "refuses EDNS options"
        breaks "RFC 6891 section 6.1.2" for "DNS-46";
    DnsOptOwnerUnchecked "dns-opt-owner-unchecked" "takes OPT records of any name"
        breaks "RFC 6891 section 6.1.2" for "DNS-47";
    DnsSmallSizeTaken "dns-small-size-taken" "takes sizes below 512 as they are"
        breaks "RFC 6891 section 6.2.3" for "DNS-48";
    DnsSizeIgnored "dns-size-ignored" "sends more than the client takes"
        breaks "RFC 6891 section 6.2.3" for "DNS-49";
    DnsOptDataUnchecked "dns-opt-data-unchecked" "takes options that have no end"
        breaks "RFC 6891 section 7" for "DNS-50";
    DnsOptLostInTruncation "dns-opt-lost-in-truncation" "leaves OPT out of truncated responses"
        breaks "RFC 6891 section 7" for "DNS-51";
    DnsOptOnlyFirst "dns-opt-only-first" "does not see OPT behind other additional records"
        breaks "RFC 6891 section 6.1.1" for "DNS-52";
    DnsDoLost "dns-do-lost" "clears DO"
        breaks "RFC 6891 section 6.1.4" for "DNS-53";
    DnsTcpRefused "dns-tcp-refused" "closes every TCP connection"
        breaks "RFC 7766 section 5" for "DNS-23" "DNS-55" "DNS-56";
    DnsOneAtATime "dns-one-at-atime" "answers one of the queries that come at the same time"
        breaks "RFC 7766 section 6.2.1.1" for "DNS-58";
    DnsFirstReadWhole "dns-first-read-whole" "closes if a query does not come in one piece"
        breaks "RFC 7766 section 8" for "DNS-60";
    DnsImpatienceMissing "dns-impatience-missing" "waits for ever"
        breaks "RFC 7766 section 6.2.3" for "DNS-62";
    DnsAnswersElsewhere "dns-answers-elsewhere" "sends answers that were asked for over TCP over UDP too"
        breaks "RFC 7766 section 6.2.4" for "DNS-63";
    DnsNotifyIsQuery "dns-notify-is-query" "accepts every NOTIFY"
        breaks "RFC 1996 section 3" for "DNS-67";
    DnsUpdateAccepted "dns-update-accepted" "accepts every UPDATE"
        breaks "RFC 2136 section 3" for "DNS-68";
}
