import FoundationEssentials
import SluiceSinks
import Synchronization

/// Keeps credentials and fetches new ones in time.
final class CredentialStore: Sendable {
    private let schedule = Mutex(CredentialSchedule())
    private let fetch: @Sendable () async throws -> AWSCredentials
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - now: Tells the time of day.
    ///   - fetch: Goes through all sources afresh.
    init(now: @escaping @Sendable () -> Date, fetch: @escaping @Sendable () async throws -> AWSCredentials) {
        self.now = now
        self.fetch = fetch
    }

    /// Credentials that are valid now.
    ///
    /// - Throws: ``SinkError`` `notAuthorized` if there never were any; `unavailable` if new ones cannot be had just now.
    func current() async throws -> AWSCredentials {
        let fallback: AWSCredentials?
        switch schedule.withLock({ $0.next(at: now()) }) {
        case .use(let credentials): return credentials
        case .fetch(let old): fallback = old
        }
        do {
            let credentials = try await fetch()
            schedule.withLock { $0.fetched(credentials) }
            return credentials
        } catch {
            let hadSome = schedule.withLock { schedule in
                schedule.failed(at: now())
                return schedule.hadSome
            }
            if error is CancellationError { throw error }
            if let fallback { return fallback }
            guard hadSome, let error = error as? SinkError else { throw error }
            throw SinkError(.unavailable, "New AWS credentials cannot be had now: \(error.message)", cause: error)
        }
    }

    /// Forgets credentials that the service calls expired, so that the next call fetches others.
    func expired(_ credentials: AWSCredentials) {
        schedule.withLock { $0.expired(credentials) }
    }
}
