import { Server } from '../api';
import { clock } from '../format';
import { useLoad } from '../load';
import { Notice } from '../parts/notice';
import { Table } from '../parts/table';

/** What the server was told to be. */
export function Config() {
  const server = useLoad<Server>('server');
  return (
    <>
      <h1>Configuration</h1>
      <Notice of={server} />
      {server.value && (
        <>
          <p class="faint">RemoteExec {server.value.version}, started {clock(server.value.started)}. Secrets are in files and variables; only where they are is a setting.</p>
          <Table label="Settings" rows={server.value.settings} keyOf={setting => setting.key} empty="Every setting is as it is by default. docs/config.md lists them all."
            columns={[
              { title: 'setting', cell: setting => <code>{setting.key}</code>, order: setting => setting.key },
              { title: 'value', about: 'Settings that are as they are by default are not shown.', cell: setting => <code>{setting.value}</code> },
            ]} />
        </>
      )}
    </>
  );
}
