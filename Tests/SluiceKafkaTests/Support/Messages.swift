import SluicePostgres
import SluiceSinks

let shop = SourceIdentity(systemIdentifier: "7300000000000000001", timeline: 1, slot: "shop")

/// A message whose body tells its number.
func message(
    _ number: UInt64,
    _ action: MessageAction = .insert,
    table: String? = "orders",
    key: String? = "1",
    size: Int = 0
) -> OutgoingMessage {
    let body = "{\"n\":\(number)" + (size > 0 ? ",\"x\":\"\(String(repeating: "x", count: size))\"" : "") + "}"
    return OutgoingMessage(
        cursor: Cursor(commitLSN: LSN(rawValue: 4711), index: number),
        action: action,
        schema: table == nil ? nil : "public",
        table: table,
        key: key.map { ArraySlice($0.utf8) },
        body: ArraySlice(body.utf8)
    )
}
