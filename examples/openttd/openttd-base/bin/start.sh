#!/bin/sh
# Goes on with the game as it was left; the first time with the map's own, or with a new world.
for game in save/autosave/exit.sav save/start.sav; do
  if [ -f "$game" ]; then
    set -- -g "$game"
    break
  fi
done
exec /usr/games/openttd -D 0.0.0.0:3979 -c /server/openttd.cfg -x -G "${SEED}" "$@"
