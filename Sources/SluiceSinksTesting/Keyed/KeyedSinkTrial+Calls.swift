import SluicePostgres
import SluiceSinks

/// What the steps are made of.
extension KeyedSinkTrial {
    func violation(_ rule: Int, _ message: String) -> SinkViolation {
        SinkViolation(rule: "K\(rule)", message: message)
    }

    func told(_ cursor: Cursor?) -> String { cursor?.description ?? "no position" }

    func body(_ message: OutgoingMessage) -> String { String(decoding: message.body, as: UTF8.self) }

    /// A message that no other one is like.
    ///
    /// - Parameters:
    ///   - key: Its key.
    ///   - text: What stands in its body, as JSON writes it.
    ///   - size: How many bytes key and body have; as many as they need if less.
    /// - Returns: The message.
    mutating func message(key: String?, text: String = "", size: Int = 0) -> OutgoingMessage {
        next += 1
        let start = "{\"n\":\(next),\"text\":\"\(text)"
        let filling = String(repeating: "x", count: max(0, size - start.utf8.count - 2 - (key?.utf8.count ?? 0)))
        return OutgoingMessage(
            cursor: Cursor(commitLSN: LSN(rawValue: 0x2000), index: next),
            action: .insert,
            schema: "public",
            table: "conformance",
            key: key.map { ArraySlice($0.utf8) },
            body: ArraySlice("\(start)\(filling)\"}".utf8)
        )
    }

    /// Messages in requests that keep the sink's limits.
    func requests(_ messages: [OutgoingMessage], of sink: any KeyedSink) -> [[OutgoingMessage]] {
        var requests: [[OutgoingMessage]] = []
        var bytes = 0
        for message in messages {
            bytes += message.byteCount
            if let last = requests.last, last.count < sink.limits.messages, bytes <= sink.limits.bytes {
                requests[requests.count - 1].append(message)
            } else {
                requests.append([message])
                bytes = message.byteCount
            }
        }
        return requests
    }

    mutating func withSink(
        rule: Int,
        _ body: (any KeyedSink, inout KeyedSinkTrial) async throws -> Void
    ) async throws {
        let sink = try await make()
        do {
            _ = try await attempt(rule, "opening it") { try await sink.open(for: source, remembered: nil) }
            try await body(sink, &self)
        } catch {
            await sink.close()
            throw error
        }
        await sink.close()
    }

    func send(_ request: [OutgoingMessage], to sink: any KeyedSink, rule: Int) async throws -> [SendResult] {
        let results = try await attempt(rule, "sending \(request.count) messages") { try await sink.send(request) }
        guard results.count == request.count else {
            throw violation(3, "it answered \(results.count) results for \(request.count) messages")
        }
        return results
    }

    func sendDurably(_ request: [OutgoingMessage], to sink: any KeyedSink, rule: Int) async throws {
        for (number, result) in try await send(request, to: sink, rule: rule).enumerated() {
            if case .durable = result { continue }
            throw violation(
                rule,
                "message \(number) of \(request.count), with \(request[number].byteCount) bytes, is not durable: "
                    + result.name
            )
        }
    }

    mutating func look() async throws {
        found += try await bodies()
    }

    mutating func expectThere(_ messages: [OutgoingMessage], rule: Int) async throws {
        try await look()
        let there = Set(found)
        guard let missing = messages.first(where: { !there.contains(body($0)) }) else { return }
        throw violation(
            rule == 7 || rule == 8 ? rule : 4,
            "a message of \(missing.byteCount) bytes with the key "
                + "\(missing.key.map { String(decoding: $0.prefix(40), as: UTF8.self) } ?? "none") was called durable and is "
                + "not there"
        )
    }

    func attempt<Result>(_ rule: Int, _ what: String, _ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch {
            throw violation(rule, "\(what) failed: \(error)")
        }
    }
}

extension SendResult {
    var name: String {
        switch self {
        case .durable: "durable"
        case .failed(let reason, _): "failed (\(reason))"
        case .refused(let reason): "refused (\(reason))"
        }
    }
}
