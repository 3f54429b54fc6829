import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Cuts connections whose peer keeps the server waiting: heads and bodies that trickle, answers that are not read,
/// idle and refused peers. What the server itself takes its time for is never counted.
///
/// Hummingbird's idle timeout starts anew with every byte and it has none for writing, hence this. Costs a few
/// stores per message part; the clock is only looked at by one timer per connection.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private var watch: ConnectionWatch
    private let tick: TimeAmount
    private let largestHeader: Int
    private let metrics: ServerMetrics
    private var timer: RepeatedTask?
    private var closesAfterAnswer = false
    /// Answers that have ended and of which the socket has not taken everything.
    private var unsentEnds = 0
    /// Whether a close waits for them.
    private var closesWhenSent = false
    private var largeHead = LargeHead.State.none

    init(patience: ConnectionPatience, largestHeader: Int, metrics: ServerMetrics) {
        watch = ConnectionWatch(patience: patience)
        self.largestHeader = largestHeader
        tick = patience.tick
        self.metrics = metrics
    }

    func handlerAdded(context: ChannelHandlerContext) {
        metrics.connectionOpened()
        // The timer runs on the loop of the channel, as the handler does, and is cancelled with it.
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleRepeatedTask(initialDelay: tick, delay: tick) { _ in
            let (handler, context) = bound.value
            handler.look(context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        metrics.connectionClosed()
    }

    private func look(_ context: ChannelHandlerContext) {
        let buffered = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        guard buffered > 0 else { return judge(context, bufferedBytes: 0, takenBytes: nil) }
        // Answered at once, on the loop of the channel.
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        AcknowledgedBytes.of(context.channel) { taken in
            let (handler, context) = bound.value
            handler.judge(context, bufferedBytes: buffered, takenBytes: taken)
        }
    }

    private func judge(_ context: ChannelHandlerContext, bufferedBytes: Int, takenBytes: Int?) {
        guard watch.tick(bufferedBytes: bufferedBytes, takenBytes: takenBytes) == .cut else { return }
        timer?.cancel()
        metrics.connectionCut()
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            watch.headReceived()
            if head.headerFields[.expect]?.lowercased() == "100-continue" {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        case .body(let bytes): watch.bodyReceived(bytes.readableBytes)
        case .end: watch.requestEnded()
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        watch.readCompleted()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        watch.readWanted()
        context.read()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            closesAfterAnswer = head.headerFields[.connection]?.lowercased() == "close"
            context.write(data, promise: promise)
        case .body(let bytes):
            watch.bodyWritten(bytes.readableBytes)
            context.write(data, promise: promise)
        case .end:
            watch.answerEnded()
            let sent = noteEnd(context, promise)
            guard closesAfterAnswer else {
                context.write(data, promise: sent)
                return refuseLargeHead(context)
            }
            // The peer may still be sending. Closing at once would reset the connection and lose the answer.
            watch.closing()
            context.writeAndFlush(data, promise: sent)
            context.close(mode: .output, promise: nil)
        }
    }

    private func noteEnd(
        _ context: ChannelHandlerContext,
        _ promise: EventLoopPromise<Void>?
    ) -> EventLoopPromise<Void> {
        unsentEnds += 1
        let sent = promise ?? context.eventLoop.makePromise()
        sent.futureResult.assumeIsolated().whenComplete { _ in self.unsentEnds -= 1 }
        return sent
    }

    /// Answers a head over the limits, after the requests before it have had their answers.
    ///
    /// What the peer still sends of it makes the decoder fail again, which is nothing new.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard largeHead == .none else { return }
        guard case HTTPParserError.headerOverflow = error, !watch.isReceiving else {
            return context.fireErrorCaught(error)
        }
        largeHead = .waiting
        refuseLargeHead(context)
    }

    private func refuseLargeHead(_ context: ChannelHandlerContext) {
        guard largeHead == .waiting, watch.isIdle else { return }
        largeHead = .refused
        let answer = LargeHead(limit: largestHeader)
        context.write(wrapOutboundOut(.head(answer.head)), promise: nil)
        context.write(wrapOutboundOut(.body(answer.body)), promise: nil)
        watch.closing()
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(mode: .output, promise: nil)
    }

    /// Lets the answers that have ended reach the peer first. Hummingbird closes, once the server is to end, as soon as
    /// it has written the end of an answer, and what the socket has not taken by then would be lost.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch mode {
        case .output: watch.closing()
        case .all where unsentEnds > 0 && !closesWhenSent:
            closesWhenSent = true
            watch.closing()
            return context.close(mode: .output, promise: promise)
        // The time for an orderly end is over.
        case .input where closesWhenSent: return context.close(promise: promise)
        default: break
        }
        context.close(mode: mode, promise: promise)
    }
}

@available(*, unavailable)
extension ConnectionGuard: Sendable {}
