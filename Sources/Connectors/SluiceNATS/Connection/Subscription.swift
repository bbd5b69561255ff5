import CLibNATS

/// What comes for a subject, from the library's own threads.
///
/// The library holds the receiver until it has called it for the last time.
enum Subscription {
    private final class Receiver {
        let receive: (OpaquePointer?, Bool, OpaquePointer?) -> Void

        init(_ receive: @escaping (OpaquePointer?, Bool, OpaquePointer?) -> Void) {
            self.receive = receive
        }
    }

    /// Subscribes without a bound of its own: only what was asked for comes.
    ///
    /// - Parameters:
    ///   - subject: May have wildcards.
    ///   - connection: Where.
    ///   - receive: Gets each message, which it has to free; whether none is waiting behind it; and its connection.
    /// - Returns: The subscription, for the caller to destroy.
    /// - Throws: The library's status.
    static func open(
        _ subject: String,
        on connection: OpaquePointer,
        _ receive:
            @escaping @Sendable (
                _ message: OpaquePointer?,
                _ isLast: Bool,
                _ connection: OpaquePointer?
            ) -> Void
    ) throws(Refused) -> OpaquePointer {
        let context = Unmanaged.passRetained(Receiver(receive))
        var subscription: OpaquePointer?
        let status = natsConnection_Subscribe(
            &subscription,
            connection,
            subject,
            { connection, subscription, message, context in
                guard let context else { return }
                // Without this message, which the library has taken from its list. It stays 0 if the subscription is over.
                var waiting: Int32 = 0
                natsSubscription_GetPending(subscription, &waiting, nil)
                let receiver = Unmanaged<Receiver>.fromOpaque(context).takeUnretainedValue()
                receiver.receive(message, waiting == 0, connection)
            },
            context.toOpaque()
        )
        guard status == NATS_OK, let subscription else {
            context.release()
            throw Refused(status: status)
        }
        natsSubscription_SetOnCompleteCB(
            subscription,
            { context in if let context { Unmanaged<Receiver>.fromOpaque(context).release() } },
            context.toOpaque()
        )
        natsSubscription_SetPendingLimits(subscription, -1, -1)
        return subscription
    }

    /// Why there is no subscription.
    struct Refused: Error {
        let status: natsStatus
    }
}
