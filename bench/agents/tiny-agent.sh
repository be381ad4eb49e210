#!/bin/sh
# An ACP agent that costs next to nothing: a thousand of them measure the gateway, and not a thousand starts of Node.
# Each prompt takes a tenth of a second and shows one update.

say() {
  printf '%s\n' "$1"
}

answer() {
  say "{\"jsonrpc\":\"2.0\",\"id\":$1,\"result\":$2}"
}

while IFS= read -r line; do
  id=${line#*\"id\":}
  id=${id%%[,\}]*}
  case $line in
  *'"method":"initialize"'*)
    answer "$id" '{"protocolVersion":1,"agentInfo":{"name":"tiny-agent","version":"1.0.0"},"agentCapabilities":{"loadSession":true},"authMethods":[]}'
    ;;
  *'"method":"session/new"'*) answer "$id" '{"sessionId":"t"}' ;;
  *'"method":"session/load"'*) answer "$id" '{}' ;;
  *'"method":"session/prompt"'*)
    sleep 0.1
    say '{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"t","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"done"}}}}'
    answer "$id" '{"stopReason":"end_turn"}'
    ;;
  *'"method":"session/cancel"'*) ;;
  *'"method"'*'"id"'* | *'"id"'*'"method"'*) say "{\"jsonrpc\":\"2.0\",\"id\":$id,\"error\":{\"code\":-32601,\"message\":\"Method not found\"}}" ;;
  esac
done
