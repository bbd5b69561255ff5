import SluicePostgres
import Testing

@testable import SluiceSinks

@Suite struct LineReaderTests {
    private func reader(_ bytes: [UInt8], from offset: UInt64 = 0, piece: Int, longest: Int = 1 << 20) -> LineReader {
        LineReader(from: offset, pieceSize: piece, longestLine: longest) { buffer, offset in
            let rest = bytes.dropFirst(Int(offset)).prefix(buffer.count)
            buffer.copyBytes(from: rest)
            return rest.count
        }
    }

    @Test(arguments: [1, 2, 3, 7, 64, 4096])
    func readsTheSameInPiecesOfAnySize(piece: Int) throws {
        let expected = ["{}", "{" + String(repeating: "x", count: 300), "{1}", "{2}"]
        var reader = reader(Array((expected.joined(separator: "\n") + "\n{cut").utf8), piece: piece)
        var found: [String] = []
        while try reader.next({
            found.append(String(decoding: $0, as: UTF8.self)); return true
        }) {}
        #expect(found == expected)
        #expect(reader.offset == UInt64(expected.joined(separator: "\n").utf8.count + 1))
    }

    @Test func staysInFrontOfARefusedLine() throws {
        var reader = reader(Array("{}\n{1}\n".utf8), piece: 64)
        #expect(try reader.next { _ in true })
        #expect(try !reader.next { _ in false })
        #expect(reader.offset == 3)
    }

    @Test func givesUpOnZerosAtOnce() throws {
        var calls = 0
        var reader = LineReader(from: 0, pieceSize: 16) { buffer, _ in
            calls += 1
            buffer.copyBytes(from: repeatElement(0, count: buffer.count))
            return buffer.count
        }
        #expect(try !reader.next { _ in true })
        #expect(calls == 1)
    }

    @Test func givesUpOnEndlessLines() throws {
        var total = 0
        var reader = LineReader(from: 0, pieceSize: 16, longestLine: 1000) { buffer, _ in
            total += buffer.count
            buffer.copyBytes(from: repeatElement(UInt8(ascii: "{"), count: buffer.count))
            return buffer.count
        }
        #expect(try !reader.next { _ in true })
        #expect(total < 4096)
    }

    @Test(arguments: [1, 50, 1 << 20])
    func scansUpToACursor(piece: Int) throws {
        let text = lines(at(1, 0), at(1, 1), at(2, 0))
        let scan = try TailScan(after: nil, upTo: at(1, .max), reader: reader(Array(text.utf8), piece: piece))
        #expect(scan == (try TailScan(after: nil, reader: reader(Array(lines(at(1, 0), at(1, 1)).utf8), piece: piece))))
        #expect(scan.cursor == at(1, 1))
    }
}
