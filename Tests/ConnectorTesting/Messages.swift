package import SluicePostgres
package import SluiceSinks

/// Where the tests' messages come from.
package let shop = SourceIdentity(systemIdentifier: "7300000000000000001", timeline: 1, slot: "shop")

/// A message about a row of `public.orders`.
package func message(
    _ index: UInt64,
    action: MessageAction = .insert,
    schema: String? = "public",
    table: String? = "orders",
    key: String? = "1",
    body: String? = nil
) -> OutgoingMessage {
    OutgoingMessage(
        cursor: Cursor(commitLSN: LSN(rawValue: 1000), index: index),
        action: action,
        schema: schema,
        table: table,
        key: key.map { Array($0.utf8)[...] },
        body: Array((body ?? "{\"record\":{\"id\":\(index)}}").utf8)[...]
    )
}

extension SendResult {
    /// The result in one word, and what it asks for.
    package var summary: String {
        switch self {
        case .durable: "durable"
        case .failed(_, nil): "failed"
        case .failed(_, let after?): "failed after \(after.components.seconds)"
        case .refused: "refused"
        }
    }

    /// Why it is not durable.
    package var reason: String {
        switch self {
        case .durable: ""
        case .failed(let reason, _), .refused(let reason): reason
        }
    }
}
