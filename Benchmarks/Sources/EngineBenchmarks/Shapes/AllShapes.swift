extension Shape {
    /// Every row of the table, in its order.
    ///
    /// The figures of GenStage are documented ones; see ``Reference``.
    static let all = onGlobalPool + onOneThread

    private static let onGlobalPool: [Shape] = [
        .producerToConsumer(
            "producer to consumer",
            of: Int.self,
            floor: 3,
            reference: Reference(millions: 27, aim: 40)
        ),
        .fourMappers("4 mappers in a row", of: Int.self, floor: 3, reference: Reference(millions: 5.8, aim: 40)),
        .workersJoined(
            "2 workers joined",
            of: Int.self,
            count: 2,
            floor: 3,
            reference: Reference(millions: 15, aim: 30)
        ),
        .workersJoined("8 workers joined", of: Int.self, count: 8),
        .broadcast("broadcast to 4", of: Int.self, reference: Reference(millions: 9, aim: 30)),
        .partition("partition to 4", of: Int.self, reference: Reference(millions: 9, aim: 30)),
        .producerToConsumer("window 1", of: Int.self, window: 1, reference: Reference(millions: 0.46, aim: 5)),
        .producerToConsumer("window 2", of: Int.self, window: 2, reference: Reference(millions: 0.56, aim: 5)),
        .producerToConsumer("window 20", of: Int.self, window: 20, reference: Reference(millions: 6, aim: 5)),
        .producerToConsumer("200 B: 1 to 1", of: Record.self),
        .fourMappers("200 B: 4 mappers", of: Record.self),
        .workersJoined("200 B: 2 workers", of: Record.self, count: 2),
        .broadcast("200 B: broadcast", of: Record.self),
        .partition("200 B: partition", of: Record.self),
        .fusedChain("4 maps as one stage"),
        .push("push single events", batch: 1),
        .push("push batches of 500", batch: 500),
        .sequenceIn("AsyncSequence in"),
        .sequenceOut("AsyncSequence out"),
        .pool("pool of 4 workers"),
        .churn("subscribe and cancel"),
    ]

    /// The same graphs on a `ThreadExecutor`.
    private static let onOneThread = [
        Shape.producerToConsumer("1 to 1", of: Int.self, reference: Reference(millions: 27, aim: 40)),
        Shape.producerToConsumer("window 1", of: Int.self, window: 1, reference: Reference(millions: 0.46, aim: 5)),
        Shape.producerToConsumer("window 2", of: Int.self, window: 2, reference: Reference(millions: 0.56, aim: 5)),
        Shape.producerToConsumer("window 20", of: Int.self, window: 20, reference: Reference(millions: 6, aim: 5)),
        Shape.fourMappers("4 mappers", of: Int.self, reference: Reference(millions: 5.8, aim: 40)),
        Shape.workersJoined("2 workers", of: Int.self, count: 2, reference: Reference(millions: 15, aim: 30)),
        Shape.broadcast("broadcast", of: Int.self, reference: Reference(millions: 9, aim: 30)),
        Shape.partition("partition", of: Int.self, reference: Reference(millions: 9, aim: 30)),
    ].map { $0.onOneThread() }
}
