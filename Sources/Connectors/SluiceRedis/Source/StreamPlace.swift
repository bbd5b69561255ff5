import SluiceSinks

/// A consumer of a group of a stream.
struct StreamPlace: Hashable, Sendable {
    let address: RedisAddress
    let stream: String
    let group: String
    let consumer: String

    /// Runs something, and says in the words of this library what went wrong.
    func explaining<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let failure as RedisFailure {
            throw failure.error(at: address, "stream \(stream), group \(group)")
        }
    }
}
