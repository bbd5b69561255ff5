/// Decides how many messages a broker may have unacknowledged here: the prefetch of a source's consumers.
///
/// AMQP's prefetch counts messages that are not acknowledged; demand counts messages that may be handed out. So the
/// window is what the pipeline has in hand together with what it asks for. Prefetch is fixed when a consumer begins,
/// hence a window that has become too narrow is widened by a further consumer on the same channel.
///
/// It is too narrow when somebody waits for messages and the broker may send none, since all that it may are in hand.
/// Then it becomes what is in hand and asked for, but at least twice as wide, so that a few consumers are enough. It never
/// narrows while the consumers are open. Pure.
struct ConsumerWindow {
    /// The largest prefetch of one consumer.
    static let limit = 65_535

    private let prefetch: RabbitMQSource.Options.Prefetch

    /// The prefetch of all open consumers together.
    private(set) var width = 0

    init(_ prefetch: RabbitMQSource.Options.Prefetch) {
        self.prefetch = prefetch
    }

    /// Somebody waits, and there is no message for them.
    ///
    /// - Parameters:
    ///   - demand: How many messages are wanted, at least 1.
    ///   - inHand: How many are not acknowledged.
    /// - Returns: The prefetch of the consumer that is to be opened; `nil` if none is.
    mutating func widen(demand: Int, inHand: Int) -> Int? {
        let wider: Int
        switch prefetch {
        case .fixed(let count):
            wider = count
        case .demand(let bound):
            if width > 0, inHand < width { return nil }
            // Without a consumer what is in hand is of earlier ones, and takes no room.
            wider = min(bound, width == 0 ? demand : max(inHand + demand, 2 * width))
        }
        guard wider > width else { return nil }
        defer { width = wider }
        return wider - width
    }

    /// All consumers are closed.
    mutating func close() {
        width = 0
    }
}
