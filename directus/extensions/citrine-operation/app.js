// How the operation looks in the flow editor.
const REQUESTS = [
  ['reset', 'Reset'],
  ['getBaseReport', 'Get base report'],
  ['triggerMessage', 'Trigger message'],
  ['setVariable', 'Set variable'],
  ['startTransaction', 'Start charging'],
  ['stopTransaction', 'Stop charging'],
  ['unlockConnector', 'Unlock connector'],
  ['reserveNow', 'Reserve'],
  ['cancelReservation', 'Cancel reservation'],
  ['changeAvailability', 'Change availability'],
  ['setPassword', 'Set password'],
  ['transactionStatus', 'Transaction status'],
  ['bootPending', 'Boot as pending with report'],
  ['updateFirmware', 'Update firmware'],
  ['getLog', 'Get log'],
  ['customerInformation', 'Customer information'],
  ['setDisplayMessage', 'Set display message'],
  ['retry', 'Retry refused changes'],
  ['discard', 'Discard refused changes'],
  ['clearCache', 'Clear cache'],
  ['renewCertificate', 'Renew certificate'],
  ['getInstalledCertificates', 'Get installed certificates'],
  ['installRoot', 'Install root'],
  ['sendLocalList', 'Send local list'],
  ['previewTariff', 'Preview a charge'],
];

export default {
  id: 'citrine-operation',
  name: 'Ask charging stations',
  icon: 'ev_station',
  description: 'Sends a request to the selected stations and tells the user what came of it',
  overview: ({ request }) => [
    { label: 'Request', text: REQUESTS.find(([value]) => value === request)?.[1] ?? request },
  ],
  options: [
    {
      field: 'request',
      name: 'Request',
      type: 'string',
      meta: {
        width: 'full',
        interface: 'select-dropdown',
        required: true,
        options: { choices: REQUESTS.map(([value, text]) => ({ value, text })) },
      },
    },
  ],
};
