import FoundationEssentials

/// Decides when credentials are fetched anew.
///
/// Temporary ones are replaced five minutes before they end: new ones are there by then, as the metadata service
/// promises. One caller fetches them while the others go on with the old ones; only when there are none that are valid
/// does everybody fetch for himself, which is rare and does no harm.
struct CredentialSchedule {
    /// What a caller has to do.
    enum Step: Equatable {
        case use(AWSCredentials)
        /// Fetch, and report with ``CredentialSchedule/fetched(_:)`` or ``CredentialSchedule/failed(at:)``.
        case fetch(fallback: AWSCredentials?)
    }

    private var current: AWSCredentials?
    private var isBeingFetched = false
    private var retry: Date?

    /// Whether there ever were credentials.
    private(set) var hadSome = false

    private static let margin: Double = 300
    private static let pause: Double = 30

    /// What to do for a request.
    mutating func next(at now: Date) -> Step {
        guard let current else { return .fetch(fallback: nil) }
        guard let end = current.expiration else { return .use(current) }
        let rest = end.timeIntervalSince(now)
        if rest <= 0 { return .fetch(fallback: nil) }
        if rest > Self.margin || isBeingFetched || retry.map({ now < $0 }) ?? false { return .use(current) }
        isBeingFetched = true
        return .fetch(fallback: current)
    }

    /// New ones have come.
    mutating func fetched(_ credentials: AWSCredentials) {
        current = credentials
        hadSome = true
        isBeingFetched = false
        retry = nil
    }

    /// None have come.
    mutating func failed(at now: Date) {
        isBeingFetched = false
        retry = now.addingTimeInterval(Self.pause)
    }

    /// The service says that some have expired, whatever their own date says.
    mutating func expired(_ credentials: AWSCredentials) {
        if current == credentials { current = nil }
    }
}
