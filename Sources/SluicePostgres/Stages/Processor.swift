package import Sluice

/// Decodes rows and makes their messages: one event out for each event in, so that the numbers stay dense.
///
/// There is one for each core. They share nothing but the budget, which each corrects to the size of what it has made.
package struct Processor: ProducerConsumer {
    private var encoder: ChangeEncoder
    private let budget: Budget
    private let primaryKey: @Sendable (UInt32) async throws -> [String]?

    /// Makes a processor.
    ///
    /// - Parameters:
    ///   - encoder: Makes the messages.
    ///   - budget: Holds the cost of the events.
    ///   - primaryKey: Looks up the primary key of a table by its oid, once for each version of the table.
    package init(
        encoder: ChangeEncoder,
        budget: Budget,
        primaryKey: @escaping @Sendable (UInt32) async throws -> [String]?
    ) {
        self.encoder = encoder
        self.budget = budget
        self.primaryKey = primaryKey
    }

    package mutating func handleEvents(_ events: [RawChange]) async throws -> [Change] {
        try await resolveKeys(of: events)
        let changes = encoder.encode(events)
        try Failpoint.decoded.pass()
        budget.correct(by: Self.cost(changes) - events.reduce(0) { $0 + Int($1.cost) })
        return changes
    }

    private func resolveKeys(of events: [RawChange]) async throws {
        var last: (batch: FrameBatch, oid: UInt32)?
        for event in events {
            guard let oid = event.relationOID else { continue }
            if let last, last.batch === event.batch, last.oid == oid { continue }
            last = (event.batch, oid)
            guard let relation = event.batch.relations[oid], relation.needsKey else { continue }
            do {
                relation.resolveKey(try await primaryKey(oid))
            } catch let error as CancellationError {
                throw error
            } catch {
                // The catalog cannot be asked now. The replica identity says the same for almost every table, and rows
                // must not wait for a second connection.
                relation.resolveKey(relation.identityColumns)
            }
        }
    }

    private static func cost(_ changes: [Change]) -> Int {
        changes.reduce(0) { $0 + Int($1.cost) }
    }
}

extension RawChange {
    /// The table of an Insert, Update or Delete.
    fileprivate var relationOID: UInt32? {
        batch.bytes.withUnsafeBytes { bytes in
            let message = UnsafeRawBufferPointer(rebasing: bytes[Int(offset)..<Int(offset) + Int(length)])
            guard message.first != PgOutput.Kind.commit.rawValue else { return nil }
            return try? RowMessage.relationOID(of: message)
        }
    }
}

extension Relation {
    /// The columns of the replica identity, unless that is the whole row.
    fileprivate var identityColumns: [String]? {
        guard replicaIdentity == UInt8(ascii: "d") || replicaIdentity == UInt8(ascii: "i") else { return nil }
        return columns.filter(\.isIdentity).map(\.name)
    }
}
