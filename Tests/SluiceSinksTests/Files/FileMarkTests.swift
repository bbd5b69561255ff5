import Testing

@testable import SluiceSinks

@Suite struct FileMarkTests {
    @Test func readsWhatItWrites() {
        let mark = FileMark(device: .max, inode: 0, length: 12)
        #expect(FileMark(mark.text) == mark)
    }

    @Test(arguments: [
        "", "device=1", "device=1 inode=2", "inode=2 device=1 length=3", "device=1 inode=2 length=-3",
        "device=1 inode=2 length=3 more=4", "device=1 inode=2 length=", "device=1=1 inode=2 length=3",
    ])
    func refuses(text: String) {
        #expect(FileMark(text) == nil)
    }
}
