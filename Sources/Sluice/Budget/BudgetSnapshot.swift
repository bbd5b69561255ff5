/// What a budget holds, and how it has been waited for, at one moment.
public struct BudgetSnapshot: Hashable, Codable, Sendable {
    /// How many bytes may be held.
    public let capacity: Int

    /// How many bytes are held; more than the capacity if one event alone is larger, or after a correction.
    public let held: Int

    /// The most that was ever held, in bytes.
    public let peak: Int

    /// How many reservations were refused since those who made them were last called to try again; one that is tried
    /// twice before that counts twice.
    public let waiting: Int

    /// For how long there has been a refused reservation, in seconds, over the whole life of the account.
    public let secondsWaited: Double
}
