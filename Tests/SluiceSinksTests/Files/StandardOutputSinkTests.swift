import Foundation
import SinkTesting
import SluicePostgres
import Testing

@testable import SluiceSinks

@Suite struct StandardOutputSinkTests {
    private func makePipe() -> (reading: Int32, writing: Int32) {
        // A named one, because only its ends can be closed on exec from the start: a server that another test starts
        // meanwhile would hold them open.
        let path = "\(NSTemporaryDirectory())/\(UUID().uuidString)"
        #expect(mkfifo(path, 0o600) == 0)
        defer { unlink(path) }
        let reading = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        let writing = open(path, O_WRONLY | O_CLOEXEC)
        #expect(reading >= 0 && writing >= 0 && fcntl(reading, F_SETFL, 0) == 0)
        return (reading, writing)
    }

    @Test func writesAndRemembersNothingItself() async throws {
        let ends = makePipe()
        let sink = StandardOutputSink(descriptor: ends.writing)
        let opening = try await sink.open(for: shop, remembered: SinkPosition(cursor: at(5, 0)))
        #expect(opening == SinkOpening(position: SinkPosition(cursor: at(5, 0))))
        let position = try await sink.deliver(changes(.row(5, 0), .row(6, 0), .commit(6)))
        #expect(position == SinkPosition(cursor: at(6, Cursor.commitIndex)))
        await sink.close()
        close(ends.writing)
        let handle = FileHandle(fileDescriptor: ends.reading, closeOnDealloc: true)
        #expect(try handle.readToEnd() == Data(line(at(6, 0)).utf8))
    }

    @Test(arguments: [false, true])
    func aReaderThatDoesNotReadHoldsUpOnlyTheDelivery(isNonBlocking: Bool) async throws {
        let ends = makePipe()
        if isNonBlocking { #expect(fcntl(ends.writing, F_SETFL, O_NONBLOCK) == 0) }
        let sink = StandardOutputSink(descriptor: ends.writing)
        _ = try await sink.open(for: shop, remembered: nil)
        // More than a pipe holds.
        let batch = changes((0..<2000).map { .row(1, $0) })
        let delivery = Task { try await sink.deliver(batch) }
        // The pipe has something: the write is under way, and cannot end.
        var readable = pollfd(fd: ends.reading, events: Int16(POLLIN), revents: 0)
        while poll(&readable, 1, 0) == 0 { await Task.yield() }
        delivery.cancel()
        await #expect(throws: CancellationError.self) { try await delivery.value }
        await sink.close()
        // Once somebody reads, the thread comes to its end with all that it was given.
        let expected = batch.reduce(0) { $0 + Int($1.length) }
        let count = Task.detached { () -> Int in
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            var total = 0
            while total < expected {
                let count = read(ends.reading, &buffer, buffer.count)
                if count <= 0 { break }
                total += count
            }
            return total
        }
        #expect(await count.value == expected)
        close(ends.reading)
        close(ends.writing)
    }

    @Test func aReaderThatClosesIsAnError() async throws {
        let ends = makePipe()
        let sink = StandardOutputSink(descriptor: ends.writing)
        _ = try await sink.open(for: shop, remembered: nil)
        close(ends.reading)
        await expectFailure(.readerClosed, "standard output") { try await sink.deliver(changes(.row(1, 0))) }
        await sink.close()
        close(ends.writing)
    }

    @Test func rewindingRepeats() async throws {
        let ends = makePipe()
        let sink = StandardOutputSink(descriptor: ends.writing)
        _ = try await sink.open(for: shop, remembered: SinkPosition(cursor: at(5, 1)))
        #expect(try await sink.rewind(to: at(4, 0)).cursor == at(4, 0))
        _ = try await sink.deliver(changes(.row(5, 0)))
        await sink.close()
        close(ends.writing)
        let handle = FileHandle(fileDescriptor: ends.reading, closeOnDealloc: true)
        #expect(try handle.readToEnd() == Data(line(at(5, 0)).utf8))
    }
}
