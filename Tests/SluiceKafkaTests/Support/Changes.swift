import SluicePostgres
import SluiceSinks

/// Changes with a message each, which tells its number.
///
/// - Parameters:
///   - numbers: The places, and what the messages tell.
///   - lsn: That of the commit.
///   - size: How many bytes the messages have beside the number.
///   - large: The numbers of those with 5000 bytes more.
func changes(_ numbers: ClosedRange<UInt64>, lsn: UInt64 = 4711, size: Int = 0, large: Set<UInt64> = []) -> [Change] {
    numbers.map { number in
        let message = message(number, size: size + (large.contains(number) ? 5000 : 0))
        return Change(
            sequence: number,
            cursor: Cursor(commitLSN: LSN(rawValue: lsn), index: number),
            kind: .messages(count: 1),
            batch: EncodedBatch(bytes: Array(message.body) + [UInt8(ascii: "\n")]),
            offset: 0,
            length: Int32(message.body.count + 1),
            cost: 1
        )
    }
}
