import ConnectorTesting
import Foundation
import SluiceTesting
import Synchronization

/// An endpoint that keeps what it has taken, and sometimes takes nothing.
final class Endpoint: Sendable {
    private struct State {
        var random = SeededGenerator(seed: 11)
        var taken: [BrokerMessage] = []
    }

    private let state = Mutex(State())

    var taken: [BrokerMessage] { state.withLock { $0.taken } }

    func answer(_ request: HTTPTestServer.Request) throws -> HTTPTestServer.Answer {
        let body = try JSONSerialization.jsonObject(with: Data(request.body.utf8)) as? [String: Any]
        let messages = try (body?["data"] as? [[String: Any]] ?? []).map { message in
            let record = message["record"] as? [String: Any]
            let text = try JSONSerialization.data(withJSONObject: message, options: .sortedKeys)
            return BrokerMessage(
                key: "\(record?["id"] ?? "")",
                body: String(decoding: text, as: UTF8.self)
            )
        }
        if messages.contains(where: { $0.body.contains("poison") }) { return .init(422, "it is poisoned") }
        return state.withLock { state in
            switch Int.random(in: 0..<10, using: &state.random) {
            case 0: return .init(500)
            case 1: return .init(503, headers: [("Retry-After", "0")])
            case 2:
                // It has taken them, and the sender never hears of it.
                state.taken += messages
                return .none
            default:
                state.taken += messages
                return .init(200)
            }
        }
    }
}

extension Bench {
    /// Writes 30 rows and two changes of one, of which the endpoint refuses the first.
    func writePoisoned() throws {
        try run(Load.table)
        try createSlot()
        try run(
            "insert into items select id, 1 from generate_series(1, 30) id",
            "update items set version = 2, pad = 'poison' where id = 7",
            "update items set version = 3, pad = 'well' where id = 7"
        )
    }
}
