import ConnectorTesting
import Crypto
import Foundation
import SinkTesting
import SluicePostgres
import SluiceSinks
import Synchronization
import Testing

@testable import SluiceWebhook

/// Against an HTTP server of the test: any endpoint is somebody's own.
@Suite struct WebhookSinkTests {
    private func withSink<Result>(
        _ server: HTTPTestServer,
        _ rest: String = "",
        environment: [String: String] = [:],
        _ body: (WebhookSink) async throws -> Result
    ) async throws -> Result {
        let sink = try WebhookURL("http://127.0.0.1:\(server.port)/hook\(rest)", environment: environment).makeSink()
        do {
            _ = try await sink.open(for: shop, remembered: nil)
            let result = try await body(sink)
            await sink.close()
            try await server.stop()
            return result
        } catch {
            await sink.close()
            throw error
        }
    }

    @Test("H77: a batch is an object with an array") func batch() async throws {
        let server = try await HTTPTestServer.start { _ in .init(204) }
        let environment = ["TOKEN": "Bearer t", "SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
        let options = "?a=b#header.Authorization=TOKEN&secret=SECRET"
        let results = try await withSink(server, options, environment: environment) { sink async throws in
            #expect(sink.keyFailure == .prefix)
            return try await sink.send([message(0, body: "{\"n\":1}"), message(1, body: "{\"n\":\"ä\"}")])
        }
        #expect(results.map(\.summary) == ["durable", "durable"])
        let request = try #require(server.requests.first)
        #expect(server.requests.count == 1 && request.method == "POST" && request.path == "/hook?a=b")
        #expect(request.body == #"{"data":[{"n":1},{"n":"ä"}]}"#)
        #expect(request.header("content-type") == "application/json")
        #expect(request.header("authorization") == "Bearer t")
        let id = try #require(request.header("webhook-id"))
        #expect(request.header("idempotency-key") == "\"\(id)\"")
        // As a receiver verifies it.
        let second = try #require(request.header("webhook-timestamp").flatMap { Int($0) })
        #expect(abs(Date().timeIntervalSince1970 - Double(second)) < 300)
        let key = SymmetricKey(data: try #require(Data(base64Encoded: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")))
        let code = HMAC<SHA256>.authenticationCode(for: Data("\(id).\(second).\(request.body)".utf8), using: key)
        #expect(request.header("webhook-signature") == "v1,\(Data(code).base64EncodedString())")
    }

    @Test("H77: without batches a message is the body") func single() async throws {
        let server = try await HTTPTestServer.start { _ in .init(200, String(repeating: "x", count: 5000)) }
        try await withSink(server, "#batch=false") { sink async throws in
            #expect(sink.limits.messages == 1)
            #expect(try await sink.send([message(0, body: "{\"n\":1}")]).map(\.summary) == ["durable"])
            #expect(try await sink.send([message(1, body: "{\"n\":2}")]).map(\.summary) == ["durable"])
        }
        #expect(server.requests.map(\.body) == ["{\"n\":1}", "{\"n\":2}"])
        #expect(server.requests[0].header("idempotency-key") == "\"\(message(0).cursor.idempotencyKey)\"")
        #expect(server.requests[0].header("webhook-signature") == nil)
        #expect(server.requests[0].connection == server.requests[1].connection)
    }

    @Test("H77: a message that is refused does not take the others with it") func refused() async throws {
        let server = try await HTTPTestServer.start { request in
            request.body.contains("bad") ? .init(422, "no such thing") : .init(200)
        }
        let messages = (0..<8).map { message(UInt64($0), body: $0 == 5 ? "{\"bad\":5}" : "{\"n\":\($0)}") }
        let results = try await withSink(server) { try await $0.send(messages) }
        #expect(
            results.map(\.summary) == [
                "durable", "durable", "durable", "durable", "durable", "refused", "durable", "durable",
            ]
        )
        #expect(results[5].reason == "status 422: no such thing")
        // 8 refused, 4 taken, 4 refused, 2 refused, 1 taken, 1 refused, 2 taken: each message was taken once, in order.
        #expect(server.requests.count == 7)
        let taken = server.requests.map(\.body).filter { !$0.contains("bad") }.joined()
        #expect(taken.matches(of: /"n":(\d)/).map { String($0.1) } == ["0", "1", "2", "3", "4", "6", "7"])
    }

    @Test("H77: after a failure nothing more of a divided request is sent") func failedPart() async throws {
        let server = try await HTTPTestServer.start { request in
            if request.body.contains("bad") { return .init(400) }
            return request.body.contains("1") ? .init(500) : .init(200)
        }
        let messages = [
            message(0, body: "{}"), message(1, body: "[1]"), message(2, body: "[\"bad\"]"), message(3, body: "{}"),
        ]
        let results = try await withSink(server) { try await $0.send(messages) }
        #expect(results.map(\.summary) == ["failed", "failed", "failed", "failed"])
        #expect(server.requests.count == 2)
    }

    @Test("H77: an endpoint that is busy says when to come back") func busy() async throws {
        let server = try await HTTPTestServer.start { _ in .init(503, headers: [("retry-after", "17")]) }
        let results = try await withSink(server) { try await $0.send([message(0), message(1)]) }
        #expect(results.map(\.summary) == ["failed after 17", "failed after 17"])
    }

    @Test(
        "H77: an endpoint that takes nothing from anybody, or from us, or is not there",
        arguments: [
            (503, SinkError.Code.unavailable, "takes nothing now"), (429, .unavailable, "429"),
            (401, .notAuthorized, "the sender"),
            (404, .missing, "404"), (308, .missing, "Redirects are not followed"),
        ]
    )
    func asAWhole(_ status: Int, code: SinkError.Code, words: String) async throws {
        let server = try await HTTPTestServer.start { _ in .init(status, headers: [("location", "/elsewhere")]) }
        try await withSink(server, "?token=hidden") { sink in
            await expectFailure(code, "http://127.0.0.1:", words, without: ["hidden"]) {
                try await sink.send([message(0)])
            }
        }
        #expect(server.requests.map(\.path) == ["/hook?token=hidden"])
    }

    @Test("H77: an endpoint that does not answer in time, hangs up, or is gone") func noAnswer() async throws {
        let hanging = try await HTTPTestServer.start { _ in .never }
        try await withSink(hanging, "#timeout=1") { sink in
            await expectFailure(.unavailable, "no answer in time") { try await sink.send([message(0)]) }
        }
        let closing = try await HTTPTestServer.start { _ in .none }
        try await withSink(closing) { sink in
            await expectFailure(.unavailable, "does not answer") { try await sink.send([message(0)]) }
        }
        let sink = try WebhookURL("http://127.0.0.1:\(closing.port)/hook?token=hidden", environment: [:]).makeSink()
        _ = try await sink.open(for: shop, remembered: nil)
        await expectFailure(.unavailable, "does not answer", "refused", without: ["hidden"]) {
            try await sink.send([message(0)])
        }
        await sink.close()
    }

    @Test func stopsPromptlyWhenItIsCancelled() async throws {
        let arrived = AsyncStream.makeStream(of: Void.self)
        let server = try await HTTPTestServer.start { _ in
            arrived.continuation.yield()
            return .never
        }
        try await withSink(server) { sink async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: CancellationError.self) { try await sink.send([message(0)]) }
                }
                for await _ in arrived.stream.prefix(1) {}
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    @Test("H77: a slow endpoint sees no more requests than the option allows") func slow() async throws {
        // Answers three at a time: so there have to be three, and nobody waits for a fourth.
        let waiting = Mutex([CheckedContinuation<Void, Never>]())
        let server = try await HTTPTestServer.start { _ in
            await withCheckedContinuation { continuation in
                let three = waiting.withLock { waiting in
                    waiting.append(continuation)
                    defer { if waiting.count == 3 { waiting = [] } }
                    return waiting.count == 3 ? waiting : []
                }
                for continuation in three { continuation.resume() }
            }
            return .init(200)
        }
        try await withSink(server, "#concurrency=3") { sink async throws in
            #expect(sink.limits.concurrency == 3)
            try await withThrowingTaskGroup(of: [SendResult].self) { group in
                for index in 0..<12 { group.addTask { try await sink.send([message(UInt64(index))]) } }
                for try await results in group { #expect(results.map(\.summary) == ["durable"]) }
            }
        }
        #expect(server.requests.count == 12)
        #expect(Set(server.requests.map(\.connection)).count == 3)
    }

    @Test func certificatesAreVerified() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (certificate, key) = (
            folder.appendingPathComponent("c.pem").path, folder.appendingPathComponent("k.pem").path
        )
        let openssl = Process()
        openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        openssl.arguments = [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-addext",
            "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
        ]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        let server = try await HTTPTestServer.start(tls: (certificate, key)) { _ in .init(200) }
        let sink = try WebhookURL("https://127.0.0.1:\(server.port)/", environment: [:]).makeSink()
        _ = try await sink.open(for: shop, remembered: nil)
        await expectFailure(.unavailable, "no secure connection", "CERTIFICATE_VERIFY_FAILED") {
            try await sink.send([message(0)])
        }
        await sink.close()
        try await server.stop()
        #expect(server.requests.isEmpty)
    }

    @Test func openingSendsNothing() async throws {
        let server = try await HTTPTestServer.start { _ in .init(200) }
        let sink = try WebhookURL("http://127.0.0.1:\(server.port)/", environment: [:]).makeSink()
        await expectFailure(.notOpen, "not open") { try await sink.send([message(0)]) }
        let position = SinkPosition(cursor: Cursor(commitLSN: LSN(rawValue: 7), index: 1))
        #expect(try await sink.open(for: shop, remembered: position) == SinkOpening(position: position))
        await expectFailure(.notOpen, "make a new one") { try await sink.open(for: shop, remembered: position) }
        await sink.close()
        await sink.close()
        await expectFailure(.notOpen, "not open") { try await sink.send([message(0)]) }
        #expect(server.requests.isEmpty)
        try await server.stop()
    }
}
