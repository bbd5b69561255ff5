import Foundation
import GRDB
import SinkTesting
import SluicePostgres
import Testing

@testable import SluiceSinks

@Suite struct CheckpointStoreTests {
    private let folder: TemporaryFolder
    private var state: String { folder.path("state") }

    init() throws {
        folder = try TemporaryFolder()
    }

    private func checkpoint(
        _ source: SourceIdentity = shop,
        sink: String = "-",
        reported: UInt64 = 100,
        cursor: SluicePostgres.Cursor? = at(90, 3, 1)
    ) -> Checkpoint {
        Checkpoint(
            source: source,
            sink: sink,
            reported: LSN(rawValue: reported),
            position: SinkPosition(cursor: cursor, mark: "a mark"),
            fingerprint: "publications=a,b"
        )
    }

    private func open() async throws -> CheckpointStore {
        let store = CheckpointStore(folder: state)
        do {
            try await store.open()
            return store
        } catch {
            await store.close()
            throw error
        }
    }

    @Test(arguments: [nil, at(0, 0), at(5, 1, 2), at(5, SluicePostgres.Cursor.commitIndex)])
    func loadsWhatItSaved(cursor: SluicePostgres.Cursor?) async throws {
        let store = try await open()
        #expect(try await store.load(source: shop, sink: "-") == RememberedState())
        try await store.save(checkpoint(cursor: cursor))
        await store.close()
        let again = try await open()
        #expect(try await again.load(source: shop, sink: "-").checkpoint == checkpoint(cursor: cursor))
        await again.close()
    }

    @Test("keeps the newest version of each table, each sink's apart, with the record or not at all")
    func keepsVersions() async throws {
        let columns = [Column(name: "id", typeOID: 23, typeModifier: -1, isIdentity: true)]
        func version(_ oid: UInt32, _ name: String, since: SluicePostgres.Cursor) -> RelationVersion {
            let relation = Relation(
                oid: oid,
                schema: "public",
                name: name,
                replicaIdentity: UInt8(ascii: "d"),
                columns: columns
            )
            return RelationVersion(relation, since: since)
        }
        let store = try await open()
        let (first, second) = (version(1, "a", since: at(5, 0)), version(.max, "b", since: at(.max >> 1, 7)))
        try await store.save(checkpoint(), versions: [first, second])
        try await store.save(checkpoint(sink: "file:/x"), versions: [second])
        let renamed = version(1, "c", since: at(6, 1))
        try await store.save(checkpoint(), versions: [renamed])
        try await store.save(checkpoint())
        await store.close()
        let again = try await open()
        let loaded = try await again.load(source: shop, sink: "-").versions
        #expect(loaded.sorted { $0.since < $1.since } == [renamed, second])
        #expect(try await again.load(source: shop, sink: "file:/x").versions == [second])
        await again.close()
    }

    @Test func refusesAVersionItCannotRead() async throws {
        let store = try await open()
        try await store.save(checkpoint())
        await store.close()
        try await DatabaseQueue(path: "\(state)/checkpoint.sqlite").write { database in
            try database.execute(
                sql: "INSERT INTO relations VALUES (?, ?, '-', 7, 1, 1, 0, x'52')",
                arguments: [shop.systemIdentifier, shop.slot]
            )
        }
        let again = try await open()
        await expectFailure(.corrupt, "oid 7") { try await again.load(source: shop, sink: "-") }
        await again.close()
    }

    @Test func keepsRecordsApart() async throws {
        var newServer = shop
        newServer.systemIdentifier = "8"
        var otherSlot = shop
        otherSlot.slot = "other"
        let store = try await open()
        try await store.save(checkpoint(cursor: at(1, 0)))
        try await store.save(checkpoint(newServer, cursor: at(2, 0)))
        try await store.save(checkpoint(otherSlot, cursor: at(3, 0)))
        try await store.save(checkpoint(sink: "file:/x", cursor: at(4, 0)))
        let loaded = try await store.load(source: shop, sink: "-")
        #expect(loaded.checkpoint == checkpoint(cursor: at(1, 0)))
        #expect(Set(loaded.otherSources) == [newServer, otherSlot])
        #expect(try await store.load(source: shop, sink: "file:/x").otherSources.isEmpty)
        await store.close()
    }

    @Test func aNewTimelineIsTheSameRecord() async throws {
        let store = try await open()
        try await store.save(checkpoint())
        var promoted = shop
        promoted.timeline = 2
        #expect(try await store.load(source: promoted, sink: "-").checkpoint == checkpoint())
        try await store.save(checkpoint(promoted))
        await store.close()
        let again = try await open()
        #expect(try await again.load(source: shop, sink: "-") == RememberedState(checkpoint: checkpoint(promoted)))
        await again.close()
    }

    @Test func neverLowersWhatWasReported() async throws {
        let store = try await open()
        for reported in [100, 50, 120, 0, 119] as [UInt64] {
            try await store.save(checkpoint(reported: reported, cursor: at(reported, 0)))
        }
        let loaded = try await store.load(source: shop, sink: "-").checkpoint
        #expect(loaded == checkpoint(reported: 120, cursor: at(119, 0)))
        await store.close()
    }

    @Test func aSecondProcessIsToldSo() async throws {
        let store = try await open()
        let other = try await open()
        _ = try await store.load(source: shop, sink: "-")
        await expectFailure(.inUse, "\(getpid())", state) { try await other.load(source: shop, sink: "-") }
        _ = try await other.load(source: shop, sink: "file:/x")
        await store.close()
        _ = try await other.load(source: shop, sink: "-")
        await other.close()
    }

    @Test func survivesACrash() async throws {
        let store = try await open()
        try await store.save(checkpoint())
        let wal = try Data(contentsOf: URL(fileURLWithPath: "\(state)/checkpoint.sqlite-wal"))
        let main = try Data(contentsOf: URL(fileURLWithPath: "\(state)/checkpoint.sqlite"))
        await store.close()
        try FileManager.default.createDirectory(atPath: folder.path("crash"), withIntermediateDirectories: false)
        try folder.write("crash/checkpoint.sqlite", main)
        try folder.write("crash/checkpoint.sqlite-wal", wal)
        let again = CheckpointStore(folder: folder.path("crash"))
        try await again.open()
        #expect(try await again.load(source: shop, sink: "-").checkpoint == checkpoint())
        await again.close()
    }

    @Test func refusesADamagedFile() async throws {
        let store = try await open()
        for number in 0..<200 { try await store.save(checkpoint(sink: "file:/\(number)")) }
        await store.close()
        let path = "state/checkpoint.sqlite"
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.path(path))))
        for position in 4096..<min(bytes.count, 16384) { bytes[position] = 0xA5 }
        try folder.write(path, bytes)
        await expectFailure(.corrupt, "checkpoint.sqlite", "damaged") { try await open() }
        try folder.write(path, repeatElement(UInt8(ascii: "x"), count: 8192))
        await expectFailure(.notOurs, "checkpoint.sqlite") { try await open() }
    }

    @Test func refusesANewerFile() async throws {
        let store = try await open()
        await store.close()
        try await DatabaseQueue(path: "\(state)/checkpoint.sqlite").write { database in
            try database.execute(sql: "INSERT INTO grdb_migrations VALUES ('999: later')")
        }
        await expectFailure(.newerVersion, "checkpoint.sqlite") { try await open() }
    }

    @Test func refusesFoldersItCannotUse() async throws {
        await expectFailure(.missingFolder) { try await CheckpointStore(folder: folder.path("no/state")).open() }
        try folder.write("state", [])
        await expectFailure(.missingFolder) { try await open() }
    }

    @Test func callsInTheWrongStateAreErrors() async throws {
        let store = CheckpointStore(folder: state)
        await expectFailure(.notOpen) { try await store.save(checkpoint()) }
        try await store.open()
        await expectFailure(.notOpen, "before") { try await store.open() }
        await store.close()
        await store.close()
        await expectFailure(.notOpen, "closed") { try await store.open() }
        await expectFailure(.notOpen, "closed") { try await store.save(checkpoint()) }
    }

    @Test func claimsHaveStableNames() {
        let name = ClaimFile.name(source: shop, sink: "file:/a/b")
        #expect(name == ClaimFile.name(source: shop, sink: "file:/a/b"))
        #expect(name.hasPrefix("shop-") && !name.contains("/"))
        #expect(name != ClaimFile.name(source: shop, sink: "file:/a/c"))
    }
}
