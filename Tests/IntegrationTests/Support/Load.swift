import SluicePostgres
import Synchronization

import class Sluice.Semaphore
import func Sluice.startThread

/// Several connections that insert, update and delete until told to stop.
///
/// All of them update the same few rows too, so that the order of each row's versions is put to the test.
final class Load: Sendable {
    static let table = """
        create table items (id int primary key, version int not null, pad text default repeat('x', 100))
        """
    private static let hotRows = 20

    private let isStopped = Atomic(false)
    private let count: Int
    private let failure = Mutex<(any Error)?>(nil)
    private let ended = Semaphore()

    /// Starts writing.
    ///
    /// - Parameters:
    ///   - bench: Its database has the table ``table``.
    ///   - writers: How many connections.
    ///   - pause: Of each, between its bursts of some 70 changes, in seconds. A test that waits for what is behind
    ///     their changes needs one long enough for a debug build on a busy machine to keep up.
    init(_ bench: Bench, writers: Int = 3, pause: Double = 0.02) throws {
        try bench.run("insert into items select id, 0 from generate_series(1, \(Self.hotRows)) id")
        count = writers
        let url = bench.server.url(database: bench.database)
        for writer in 1...writers {
            startThread { [self] in
                do {
                    try Self.write(writer, url, pause: pause) { isStopped.load(ordering: .relaxed) }
                } catch {
                    failure.withLock { $0 = error }
                }
                ended.signal()
            }
        }
    }

    /// Stops, and waits for the last commit.
    func stop() throws {
        isStopped.store(true, ordering: .relaxed)
        for _ in 0..<count { ended.wait() }
        if let failure = failure.withLock(\.self) { throw failure }
    }

    private static func write(_ writer: Int, _ url: String, pause: Double, isStopped: () -> Bool) throws {
        let connection = try Connection(ConnectionTarget(url))
        var first = writer * 10_000_000
        while !isStopped() {
            try connection.query(
                """
                do $$ begin
                    for i in 0..29 loop
                        insert into items values (\(first) + i, 1);
                        update items set version = version + 1 where id = 1 + (i * \(writer)) % \(hotRows);
                        if i % 3 = 0 then
                            update items set version = 2 where id = \(first) + i;
                            delete from items where id = \(first) + i - 3;
                        end if;
                        commit;
                    end loop;
                    perform pg_sleep(\(pause));
                end $$
                """
            )
            first += 100
        }
    }
}
