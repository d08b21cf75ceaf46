//! Faults of servers of HTTP/1.1, which only servers that can deviate have.

use super::deviations;

deviations! {
    HttpLfSent "http-lf-sent" "ends the lines of a header section with LF alone"
        breaks "RFC 9112 section 2.1" for "HTTP-001";
    HttpHighOctetsRefused "http-high-octets-refused" "refuses field values with octets above 127"
        breaks "RFC 9112 section 2.2" for "HTTP-002";
    HttpBareLfAwaited "http-bare-lf-awaited" "neither takes LF for the end of a line nor refuses it"
        breaks "RFC 9112 section 2.2" for "HTTP-003";
    HttpBareCrEndsLine "http-bare-cr-ends-line" "takes CR alone for the end of a field line"
        breaks "RFC 9112 section 2.2" for "HTTP-004";
    HttpEmptyLineRefused "http-empty-line-refused" "refuses an empty line before the request line"
        breaks "RFC 9112 section 2.2" for "HTTP-005";
    HttpLeadingSpaceTaken "http-leading-space-taken" "takes a line that begins with a blank for the first field"
        breaks "RFC 9112 section 2.2" for "HTTP-006";
    HttpErrorsNotAnswered "http-errors-not-answered" "neither answers nor closes after what is no request"
        breaks "RFC 9112 section 2.2" for "HTTP-007" "HTTP-141";
    HttpErrorsAreSuccesses "http-errors-are-successes" "answers what it refuses with 200"
        breaks "RFC 9110 section 15.5.1" for "HTTP-007" "HTTP-021" "HTTP-027" "HTTP-029" "HTTP-036" "HTTP-143";
    HttpBareCrSent "http-bare-cr-sent" "sends CR alone in a field value"
        breaks "RFC 9112 section 2.2" for "HTTP-009";
    HttpVersionUnchecked "http-version-unchecked" "takes any word for a version, and none"
        breaks "RFC 9112 section 2.3" for "HTTP-010";
    HttpMinorVersionRefused "http-minor-version-refused" "refuses minor versions above 1"
        breaks "RFC 9110 section 6.2" for "HTTP-011";
    HttpVersionWrong "http-version-wrong" "answers with a version that the client does not speak"
        breaks "RFC 9110 section 6.2" for "HTTP-013";
    HttpOtherVersionsClose "http-other-versions-close" "closes without a word for requests of other major versions"
        breaks "RFC 9110 section 15.6.6" for "HTTP-012";
    HttpBlanksInTarget "http-blanks-in-target" "takes further blanks in the request line for a part of the target"
        breaks "RFC 9112 section 3" for "HTTP-014" "HTTP-015";
    HttpSpaceInTarget "http-space-in-target" "takes the first word of a target with blanks for the target"
        breaks "RFC 9112 section 3" for "HTTP-021";
    HttpMethodCaseIgnored "http-method-case-ignored" "takes methods in lower case"
        breaks "RFC 9110 section 9.1" for "HTTP-016";
    HttpLongTargetCut "http-long-target-cut" "cuts long request lines and takes what is left"
        breaks "RFC 9112 section 3" for "HTTP-019";
    HttpUnknownMethodIsGet "http-unknown-method-is-get" "takes unknown methods for GET"
        breaks "RFC 9110 section 9.1" for "HTTP-018";
    HttpLongMethodIsBad "http-long-method-is-bad" "answers long methods with 400"
        breaks "RFC 9112 section 3" for "HTTP-017";
    HttpRequestLinesShort "http-request-lines-short" "refuses request lines of more than 4,000 octets"
        breaks "RFC 9112 section 3" for "HTTP-020";
    HttpTargetUnchecked "http-target-unchecked" "takes any octets in a target"
        breaks "RFC 9112 section 3.2" for "HTTP-021";
    HttpAbsoluteFormRefused "http-absolute-form-refused" "refuses targets in absolute-form"
        breaks "RFC 9112 section 3.2.2" for "HTTP-022";
    HttpHostOverTarget "http-host-over-target" "puts Host above a target in absolute-form"
        breaks "RFC 9112 section 3.2.2" for "HTTP-023";
    HttpAuthorityAnywhere "http-authority-anywhere" "takes authority-form with any method"
        breaks "RFC 9112 section 3.2.3" for "HTTP-024";
    HttpAsteriskAnywhere "http-asterisk-anywhere" "takes asterisk-form with any method"
        breaks "RFC 9112 section 3.2.4" for "HTTP-025";
    HttpAsteriskRefused "http-asterisk-refused" "refuses asterisk-form with OPTIONS"
        breaks "RFC 9112 section 3.2.4" for "HTTP-025";
    HttpConnectUnchecked "http-connect-unchecked" "opens a tunnel to any target"
        breaks "RFC 9110 section 9.3.6" for "HTTP-026" "HTTP-024";
    HttpHostNotDemanded "http-host-not-demanded" "takes requests of HTTP/1.1 without Host"
        breaks "RFC 9112 section 3.2" for "HTTP-027";
    HttpHostRepeated "http-host-repeated" "takes the first of several Host lines"
        breaks "RFC 9112 section 3.2" for "HTTP-028";
    HttpHostUnchecked "http-host-unchecked" "takes any value of Host"
        breaks "RFC 9112 section 3.2" for "HTTP-029";
    HttpHostDemandedOfOld "http-host-demanded-of-old" "refuses requests of HTTP/1.0 without Host"
        breaks "RFC 9112 section 3.2" for "HTTP-030";
    HttpStatusWithoutSpace "http-status-without-space" "ends status lines with the code"
        breaks "RFC 9112 section 4" for "HTTP-031";
    HttpStatusOfTwoDigits "http-status-of-two-digits" "sends status codes of two digits"
        breaks "RFC 9112 section 4" for "HTTP-032";
    HttpSpaceBeforeColonTaken "http-space-before-colon-taken" "takes blanks between field name and colon"
        breaks "RFC 9112 section 5.1" for "HTTP-033";
    HttpFieldNamesCased "http-field-names-cased" "knows field names in lower case alone"
        breaks "RFC 9110 section 5.1" for "HTTP-034";
    HttpFieldNameUnchecked "http-field-name-unchecked" "takes any octets in a field name"
        breaks "RFC 9110 section 5.6.2" for "HTTP-035";
    HttpColonNotDemanded "http-colon-not-demanded" "skips field lines without a colon"
        breaks "RFC 9112 section 5" for "HTTP-036";
    HttpValueBlanksKept "http-value-blanks-kept" "keeps the blanks around a field value"
        breaks "RFC 9110 section 5.5" for "HTTP-037";
    HttpControlInValueTaken "http-control-in-value-taken" "takes NUL and other controls in a field value"
        breaks "RFC 9110 section 5.5" for "HTTP-038";
    HttpFoldIsField "http-fold-is-field" "takes a line that begins with a blank for a field of its own"
        breaks "RFC 9112 section 5.2" for "HTTP-039";
    HttpFoldSent "http-fold-sent" "folds field lines"
        breaks "RFC 9112 section 5.2" for "HTTP-040";
    HttpFieldsRepeated "http-fields-repeated" "sends Date twice"
        breaks "RFC 9110 section 5.3" for "HTTP-041";
    HttpAnswersEarly "http-answers-early" "answers at the first field line"
        breaks "RFC 9110 section 5.3" for "HTTP-042";
    HttpLargeFieldsClose "http-large-fields-close" "closes without a word for header sections larger than it takes"
        breaks "RFC 9110 section 5.4" for "HTTP-043";
    HttpUnknownFieldRefused "http-unknown-field-refused" "refuses fields that it does not know"
        breaks "RFC 9110 section 5.1" for "HTTP-044";
    HttpEmptyElementRefused "http-empty-element-refused" "refuses empty elements of a list"
        breaks "RFC 9110 section 5.6.1.2" for "HTTP-045";
    HttpQuotedPairUnknown "http-quoted-pair-unknown" "refuses quoted-pairs"
        breaks "RFC 9110 section 5.6.4" for "HTTP-046";
    HttpOldDatesUnknown "http-old-dates-unknown" "knows the first form of a date alone"
        breaks "RFC 9110 section 5.6.7" for "HTTP-047";
    HttpDateOfOldForm "http-date-of-old-form" "sends dates in the form of RFC 850"
        breaks "RFC 9110 section 5.6.7" for "HTTP-048";
    HttpDateMissing "http-date-missing" "sends no Date"
        breaks "RFC 9110 section 6.6.1" for "HTTP-049";
    HttpChunkedIgnored "http-chunked-ignored" "does not know the chunked coding"
        breaks "RFC 9112 section 6.1" for "HTTP-050";
    HttpUnknownCodingTaken "http-unknown-coding-taken" "takes transfer codings that it does not know"
        breaks "RFC 9112 section 6.1" for "HTTP-051";
    HttpUnframedTaken "http-unframed-taken" "takes content of a coding that is not chunked at last for none"
        breaks "RFC 9112 section 6.3" for "HTTP-052";
    HttpStaysAfterError "http-stays-after-error" "goes on with the connection after what it cannot frame"
        breaks "RFC 9112 section 6.3" for "HTTP-007" "HTTP-052" "HTTP-054" "HTTP-060" "HTTP-061" "HTTP-069";
    HttpChunkedTwiceTaken "http-chunked-twice-taken" "takes chunked twice for chunked once"
        breaks "RFC 9112 section 6.1" for "HTTP-053";
    HttpLengthOverChunked "http-length-over-chunked" "puts Content-Length above Transfer-Encoding"
        breaks "RFC 9112 section 6.1" for "HTTP-054" "HTTP-143";
    HttpChunkedBesideLength "http-chunked-beside-length" "goes on after a request with Content-Length and Transfer-Encoding"
        breaks "RFC 9112 section 6.1" for "HTTP-054";
    HttpChunkedOfOldTaken "http-chunked-of-old-taken" "takes the chunked coding of HTTP/1.0"
        breaks "RFC 9112 section 6.1" for "HTTP-055";
    HttpCodingInContinue "http-coding-in-continue" "sends Transfer-Encoding in 100"
        breaks "RFC 9112 section 6.1" for "HTTP-056";
    HttpChunkedToOld "http-chunked-to-old" "sends chunks to HTTP/1.0"
        breaks "RFC 9112 section 6.1" for "HTTP-057";
    HttpCodingGuessed "http-coding-guessed" "takes what holds the word chunked for it"
        breaks "RFC 9112 section 6.1" for "HTTP-058";
    HttpCodingCased "http-coding-cased" "knows the chunked coding in lower case alone"
        breaks "RFC 9112 section 7" for "HTTP-058";
    HttpLengthBesideChunked "http-length-beside-chunked" "sends Content-Length with chunks"
        breaks "RFC 9112 section 6.2" for "HTTP-059";
    HttpLengthGuessed "http-length-guessed" "takes the digits that a Content-Length begins with"
        breaks "RFC 9112 section 6.3" for "HTTP-060";
    HttpFirstLengthTaken "http-first-length-taken" "takes the first of several lengths"
        breaks "RFC 9112 section 6.3" for "HTTP-061";
    HttpLengthsAdded "http-lengths-added" "adds up the lengths of several fields"
        breaks "RFC 9110 section 8.6" for "HTTP-062";
    HttpLengthWraps "http-length-wraps" "counts lengths in 32 bits"
        breaks "RFC 9110 section 8.6" for "HTTP-063";
    HttpTooLargeCloses "http-too-large-closes" "closes without a word for content larger than it takes"
        breaks "RFC 9110 section 15.5.14" for "HTTP-140";
    HttpShortContentTaken "http-short-content-taken" "answers requests whose content was cut off"
        breaks "RFC 9112 section 6.3" for "HTTP-064";
    HttpShortHeadTaken "http-short-head-taken" "answers requests whose header section was cut off"
        breaks "RFC 9112 section 8" for "HTTP-088";
    HttpContentGuessed "http-content-guessed" "waits for content where none was announced"
        breaks "RFC 9112 section 6.3" for "HTTP-065" "HTTP-066";
    HttpChunkSizeWraps "http-chunk-size-wraps" "counts chunk sizes in 32 bits"
        breaks "RFC 9112 section 7.1" for "HTTP-067";
    HttpChunkSizeGuessed "http-chunk-size-guessed" "takes the digits in a chunk size"
        breaks "RFC 9112 section 7.1" for "HTTP-068";
    HttpChunkEndUnchecked "http-chunk-end-unchecked" "takes any two octets for the end of a chunk"
        breaks "RFC 9112 section 7.1" for "HTTP-069";
    HttpExtensionsRefused "http-extensions-refused" "refuses chunk extensions"
        breaks "RFC 9112 section 7.1.1" for "HTTP-070";
    HttpExtensionsUnlimited "http-extensions-unlimited" "takes chunk extensions of any length"
        breaks "RFC 9112 section 7.1.1" for "HTTP-071";
    HttpBareLfInChunks "http-bare-lf-in-chunks" "takes LF for the end of a line in chunks"
        breaks "RFC 9112 section 7.1" for "HTTP-072";
    HttpTrailersMerged "http-trailers-merged" "takes trailer fields for header fields"
        breaks "RFC 9112 section 7.1.2" for "HTTP-073";
    HttpTrailersUnchecked "http-trailers-unchecked" "takes any line for a trailer field"
        breaks "RFC 9112 section 7.1.2" for "HTTP-074";
    HttpLastChunkMissing "http-last-chunk-missing" "sends no last chunk"
        breaks "RFC 9112 section 7.1" for "HTTP-075";
    HttpCodingParameterTaken "http-coding-parameter-taken" "takes parameters of the chunked coding"
        breaks "RFC 9112 section 7.1" for "HTTP-076";
    HttpNeverPersists "http-never-persists" "closes after every response"
        breaks "RFC 9112 section 9.3" for "HTTP-077";
    HttpOldPersists "http-old-persists" "goes on with connections of HTTP/1.0"
        breaks "RFC 9112 section 9.3" for "HTTP-078";
    HttpCloseIgnored "http-close-ignored" "does not know the close option"
        breaks "RFC 9112 section 9.6" for "HTTP-079" "HTTP-080" "HTTP-089";
    HttpServedAfterClose "http-served-after-close" "says close and goes on"
        breaks "RFC 9112 section 9.6" for "HTTP-079" "HTTP-080" "HTTP-082";
    HttpCloseNotSaid "http-close-not-said" "closes without saying so"
        breaks "RFC 9112 section 9.6" for "HTTP-081" "HTTP-083";
    HttpContentNotRead "http-content-not-read" "takes the content of a request for the next request"
        breaks "RFC 9112 section 9.3" for "HTTP-084";
    HttpPipelineReversed "http-pipeline-reversed" "answers pipelined requests in the wrong order"
        breaks "RFC 9112 section 9.3.2" for "HTTP-085";
    HttpPipelineDropped "http-pipeline-dropped" "answers the first of pipelined requests alone"
        breaks "RFC 9112 section 9.3.2" for "HTTP-085";
    HttpNoLinger "http-no-linger" "answers before the content has come, and closes without reading it"
        breaks "RFC 9112 section 9.6" for "HTTP-086";
    HttpImpatienceMissing "http-impatience-missing" "waits for ever"
        breaks "RFC 9112 section 9.5" for "HTTP-087";
    HttpConnectionExact "http-connection-exact" "knows a Connection field of one lower-case option alone"
        breaks "RFC 9110 section 7.6.1" for "HTTP-089";
    HttpUpgradesToAnything "http-upgrades-to-anything" "answers every Upgrade with 101"
        breaks "RFC 9110 section 7.8" for "HTTP-090" "HTTP-091";
    HttpHeadUnknown "http-head-unknown" "does not know HEAD"
        breaks "RFC 9110 section 9.1" for "HTTP-093";
    HttpHeadWithContent "http-head-with-content" "answers HEAD with content"
        breaks "RFC 9110 section 9.3.2" for "HTTP-094";
    HttpHeadFieldsMissing "http-head-fields-missing" "answers HEAD without the validators of GET"
        breaks "RFC 9110 section 9.3.2" for "HTTP-095";
    HttpHeadLengthZero "http-head-length-zero" "answers HEAD with Content-Length 0"
        breaks "RFC 9110 section 8.6" for "HTTP-096";
    HttpLengthInContinue "http-length-in-continue" "sends Content-Length in 100"
        breaks "RFC 9110 section 8.6" for "HTTP-097";
    HttpAllowMissing "http-allow-missing" "sends 405 without Allow"
        breaks "RFC 9110 section 10.2.1" for "HTTP-098";
    HttpPartialPutTaken "http-partial-put-taken" "takes a part in PUT for the whole"
        breaks "RFC 9110 section 14.5" for "HTTP-103";
    HttpOptionsWithoutAllow "http-options-without-allow" "answers OPTIONS without Allow"
        breaks "RFC 9110 section 9.3.7" for "HTTP-099";
    HttpTraceTellsSecrets "http-trace-tells-secrets" "gives back credentials to TRACE"
        breaks "RFC 9110 section 9.3.8" for "HTTP-100";
    HttpExpectIgnored "http-expect-ignored" "waits for content without 100"
        breaks "RFC 9110 section 10.1.1" for "HTTP-104";
    HttpContentAwaitedAfterContinue "http-content-awaited-after-continue" "takes content that did not wait for 100 for the next request"
        breaks "RFC 9110 section 10.1.1" for "HTTP-108";
    HttpUnknownExpectationUnanswered "http-unknown-expectation-unanswered" "does not answer requests with an expectation that it does not know"
        breaks "RFC 9110 section 10.1.1" for "HTTP-107";
    HttpContinueToOld "http-continue-to-old" "sends 100 to HTTP/1.0"
        breaks "RFC 9110 section 10.1.1" for "HTTP-105" "HTTP-109";
    HttpFinalAfterContinueMissing "http-final-after-continue-missing" "sends nothing after 100"
        breaks "RFC 9110 section 10.1.1" for "HTTP-106";
    HttpExpectErrorStays "http-expect-error-stays" "takes content that it has refused for the next request"
        breaks "RFC 9110 section 10.1.1" for "HTTP-110";
    HttpIfMatchIgnored "http-if-match-ignored" "does not know If-Match"
        breaks "RFC 9110 section 13.1.1" for "HTTP-112" "HTTP-117";
    HttpIfMatchWeak "http-if-match-weak" "compares If-Match weakly"
        breaks "RFC 9110 section 13.1.1" for "HTTP-112";
    HttpIfNoneMatchIgnored "http-if-none-match-ignored" "does not know If-None-Match"
        breaks "RFC 9110 section 13.1.2" for "HTTP-113";
    HttpIfNoneMatchStrong "http-if-none-match-strong" "compares If-None-Match strongly"
        breaks "RFC 9110 section 13.1.2" for "HTTP-113";
    HttpNotModifiedToPost "http-not-modified-to-post" "answers POST with 304"
        breaks "RFC 9110 section 13.1.2" for "HTTP-113";
    HttpIfModifiedFirst "http-if-modified-first" "puts If-Modified-Since above If-None-Match"
        breaks "RFC 9110 section 13.1.3" for "HTTP-114" "HTTP-117";
    HttpInvalidDateHolds "http-invalid-date-holds" "takes a date that is none for a late one"
        breaks "RFC 9110 section 13.1.3" for "HTTP-115";
    HttpIfModifiedOnAnyMethod "http-if-modified-on-any-method" "evaluates If-Modified-Since for POST"
        breaks "RFC 9110 section 13.1.3" for "HTTP-115";
    HttpIfUnmodifiedIgnored "http-if-unmodified-ignored" "does not know If-Unmodified-Since"
        breaks "RFC 9110 section 13.1.4" for "HTTP-116";
    HttpIfUnmodifiedBesideIfMatch "http-if-unmodified-beside-if-match" "evaluates If-Unmodified-Since beside If-Match"
        breaks "RFC 9110 section 13.1.4" for "HTTP-116";
    HttpPreconditionsFirst "http-preconditions-first" "evaluates preconditions of what does not exist"
        breaks "RFC 9110 section 13.2.1" for "HTTP-118";
    HttpNotModifiedBare "http-not-modified-bare" "sends 304 without the validators"
        breaks "RFC 9110 section 15.4.5" for "HTTP-119";
    HttpNotModifiedWithContent "http-not-modified-with-content" "sends 304 with content"
        breaks "RFC 9110 section 15.4.5" for "HTTP-119" "HTTP-133";
    HttpModifiedInFuture "http-modified-in-future" "sends a Last-Modified later than Date"
        breaks "RFC 9110 section 8.8.2.1" for "HTTP-120";
    HttpTagUnquoted "http-tag-unquoted" "sends entity tags without quotation marks"
        breaks "RFC 9110 section 8.8.3" for "HTTP-121";
    HttpRangeUnitIgnored "http-range-unit-ignored" "takes every range unit for bytes"
        breaks "RFC 9110 section 14.2" for "HTTP-122";
    HttpRangeShort "http-range-short" "leaves out the last octet of a range"
        breaks "RFC 9110 section 15.3.7.1" for "HTTP-123";
    HttpUnsatisfiableUntold "http-unsatisfiable-untold" "sends 416 without Content-Range"
        breaks "RFC 9110 section 14.2" for "HTTP-124";
    HttpInvalidRangeTaken "http-invalid-range-taken" "takes a range that ends before it begins for one the other way round"
        breaks "RFC 9110 section 14.1.1" for "HTTP-125";
    HttpFirstRangeOnly "http-first-range-only" "sends the first of several ranges alone"
        breaks "RFC 9110 section 15.3.7.2" for "HTTP-126";
    HttpOverlapsSent "http-overlaps-sent" "sends the octets of overlapping ranges again and again"
        breaks "RFC 9110 section 14.2" for "HTTP-128";
    HttpContentRangeBesideMultipart "http-content-range-beside-multipart" "sends Content-Range with multipart/byteranges"
        breaks "RFC 9110 section 15.3.7.2" for "HTTP-126";
    HttpSingleRangeMultipart "http-single-range-multipart" "sends a single range as multipart/byteranges"
        breaks "RFC 9110 section 15.3.7.2" for "HTTP-127";
    HttpRangeWraps "http-range-wraps" "counts byte positions in 32 bits"
        breaks "RFC 9110 section 14.1.2" for "HTTP-129";
    HttpIfRangeIgnored "http-if-range-ignored" "does not know If-Range"
        breaks "RFC 9110 section 13.1.5" for "HTTP-130";
    HttpPathReflected "http-path-reflected" "puts the decoded path into a field"
        breaks "RFC 9112 section 11.1" for "HTTP-134" "HTTP-142";
    HttpTypeMissing "http-type-missing" "sends no Content-Type"
        breaks "RFC 9110 section 8.3" for "HTTP-135";
    HttpCodingClaimed "http-coding-claimed" "says that plain content is compressed"
        breaks "RFC 9110 section 12.5.3" for "HTTP-136";
    HttpVaryMissing "http-vary-missing" "compresses without Vary"
        breaks "RFC 9110 section 12.5.5" for "HTTP-137";
    HttpSchemeIgnored "http-scheme-ignored" "takes https targets over a plain connection"
        breaks "RFC 9110 section 7.4" for "HTTP-138";
    HttpEmptyHostTaken "http-empty-host-taken" "takes http targets with an empty host"
        breaks "RFC 9110 section 4.2.1" for "HTTP-139";
}
