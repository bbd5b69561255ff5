import SluiceHTTP
import Testing

@testable import SluiceWebhook

@Suite struct WebhookVerdictTests {
    private func verdict(_ status: Int, retryAfter: String? = nil, _ body: String = "") -> String {
        let headers = retryAfter.map { [HTTPField("Retry-After", $0)] } ?? []
        switch WebhookVerdict(HTTPAnswer(status: status, headers: headers, body: Array(body.utf8)), second: 0) {
        case .durable: return "durable"
        case .failed(_, nil): return "failed"
        case .failed(_, let after?): return "failed, \(after.components.seconds) s"
        case .refused: return "refused"
        case .unavailable: return "unavailable"
        case .notAuthorized: return "notAuthorized"
        case .missing: return "missing"
        }
    }

    @Test(
        "H77: what each status means",
        arguments: [
            (200, "durable"), (202, "durable"), (299, "durable"), (301, "missing"), (304, "missing"), (400, "refused"),
            (401, "notAuthorized"), (403, "notAuthorized"), (404, "missing"), (405, "missing"), (408, "failed"),
            (409, "refused"),
            (410, "missing"), (413, "refused"), (422, "refused"), (425, "failed"), (429, "unavailable"),
            (500, "failed"),
            (501, "failed"), (502, "unavailable"), (503, "unavailable"), (504, "unavailable"), (599, "failed"),
            (600, "failed"),
        ]
    )
    func statuses(_ status: Int, meaning: String) {
        #expect(verdict(status) == meaning)
    }

    @Test("H77: Retry-After is taken with every failure", arguments: [408, 425, 429, 500, 502, 503, 504])
    func waits(_ status: Int) {
        #expect(verdict(status, retryAfter: "7") == "failed, 7 s")
    }

    @Test(
        "H77: Retry-After in seconds and as a date",
        arguments: [
            ("0", 0), ("120", 120), (" 120 ", 120), ("3601", 3600), ("99999999999999999999", 3600),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 37), ("Sun, 06 Nov 1994 08:49:00 GMT", 0),
            ("Sat, 05 Nov 1994 08:49:37 GMT", 0),
            ("Sun Nov  6 08:49:37 1994", 37), ("Mon, 07 Nov 1994 08:49:37 GMT", 3600), ("soon", nil), ("", nil),
            ("-1", nil),
            ("1.5", nil), ("Sun, 06 Nov 1994 08:49:37 CET", nil), ("Sun, 32 Nov 1994 08:49:37 GMT", nil),
            ("Sun, 06 Foo 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 24:49:37 GMT", nil), ("1 2 3 4 5", nil),
        ]
    )
    func readsBothForms(_ value: String, seconds: Int?) {
        // 1994-11-06T08:49:00Z
        #expect(RetryAfter.duration(value, second: 784_111_740) == seconds.map { .seconds($0) })
    }

    @Test func readsTheFormOfTheLastCentury() {
        // 2026-03-01T00:00:00Z, the day after a February of 28 days.
        #expect(RetryAfter.duration("Sunday, 01-Mar-26 00:00:09 GMT", second: 1_772_323_200) == .seconds(9))
        // 2024-02-29T12:00:00Z
        #expect(RetryAfter.duration("Thu, 29 Feb 2024 12:00:01 GMT", second: 1_709_208_000) == .seconds(1))
    }

    @Test func tellsTheBeginningOfTheAnswerInOneLine() {
        let long = "first\nsecond\u{1B}[31m" + String(repeating: "x", count: 400)
        guard case .refused(let reason) = WebhookVerdict(HTTPAnswer(status: 422, body: Array(long.utf8)), second: 0)
        else {
            Issue.record("It is not refused.")
            return
        }
        #expect(reason.hasPrefix("status 422: first second [31mxxx"))
        #expect(reason.utf8.count <= 200 + "status 422: ".count)
    }
}
