/// What a sink has made durable.
package struct Delivered: Sendable {
    /// The number of the last change before which, and with which, everything is durable.
    package var sequence: UInt64

    /// Where the sink stands: at that change.
    package var position: SinkPosition

    /// How many messages have become durable since this was last told, also behind that change.
    package var messages: Int

    /// How many of them tell of rows that could not be decoded.
    package var undecodable: Int
}
