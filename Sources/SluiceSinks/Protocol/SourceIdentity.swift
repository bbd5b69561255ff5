/// What tells one stream of changes from every other.
public struct SourceIdentity: Hashable, Sendable {
    /// The identifier that `initdb` gave the server's data, the same on its standbys.
    public var systemIdentifier: String

    /// The history of the server's data: one higher after each promotion.
    public var timeline: Int

    /// The replication slot's name.
    public var slot: String

    /// Makes an identity.
    ///
    /// - Parameters:
    ///   - systemIdentifier: The identifier of the server's data.
    ///   - timeline: The history of the server's data.
    ///   - slot: The replication slot's name.
    public init(systemIdentifier: String, timeline: Int, slot: String) {
        self.systemIdentifier = systemIdentifier
        self.timeline = timeline
        self.slot = slot
    }
}

extension SourceIdentity: CustomStringConvertible {
    /// Slot and server in words.
    public var description: String {
        "slot \(slot) of server \(systemIdentifier)"
    }
}
