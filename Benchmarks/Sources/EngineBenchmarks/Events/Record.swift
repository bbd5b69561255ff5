/// An event of 200 bytes, all of them in the array that carries it.
struct Record: Payload {
    private struct Five {
        var first: Int64 = 0
        var second: Int64 = 0
        var third: Int64 = 0
        var fourth: Int64 = 0
        var fifth: Int64 = 0
    }

    private var head: Five
    private var second = Five()
    private var third = Five()
    private var fourth = Five()
    private var tail = Five()

    init(number: Int) {
        head = Five(first: Int64(number))
    }

    var number: Int {
        get { Int(head.first) }
        set { head.first = Int64(newValue) }
    }
}
