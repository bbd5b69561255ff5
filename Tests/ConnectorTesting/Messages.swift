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
