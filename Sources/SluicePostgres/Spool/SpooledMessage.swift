/// A message of a transaction that is still open: where it is in the frame, and whose it is.
package struct SpooledMessage: Hashable, Sendable {
    /// The id of the top-level transaction.
    package var transaction: UInt32

    /// The id of the (sub)transaction that made the change; with it the change is rolled back.
    package var xid: UInt32

    /// The message's first byte.
    package var type: UInt8

    /// Where the rest is in the frame, without the id: with the type before it, it is the message as version 1 has it.
    package var rest: Range<Int>

    /// How many bytes the message has as version 1 has it.
    package var count: Int { rest.count + 1 }
}
